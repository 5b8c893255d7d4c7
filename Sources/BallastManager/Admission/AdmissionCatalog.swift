/// Every admission policy by name. The first is the default.
public struct AdmissionCatalogEntry: Sendable {
  public let name: String
  public let summary: String
  public let make: @Sendable () -> any AdmissionPolicy
}

public let admissionCatalog: [AdmissionCatalogEntry] = [
  AdmissionCatalogEntry(
    name: "none", summary: "every VM is admitted; hosts may be overcommitted without bound",
    make: { AdmitAll() }),
  AdmissionCatalogEntry(
    name: "strict",
    summary: "every reservation is kept: of VMs and their overhead, of pools, and for failover",
    make: { StrictAdmission() }),
  AdmissionCatalogEntry(
    name: "nova-ratios",
    summary:
      "per host, vCPUs up to 4.0 per core and configured memory up to 1.0, as OpenStack Nova",
    make: { NovaRatios() }),
]
