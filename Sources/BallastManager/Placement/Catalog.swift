/// Every placement policy by name. The first is the default.
public struct PlacementCatalogEntry: Sendable {
  public let name: String
  public let summary: String
  public let make: @Sendable () -> any PlacementPolicy
}

public let placementCatalog: [PlacementCatalogEntry] = [
  PlacementCatalogEntry(
    name: "load-balance", summary: "the host whose fuller resource is least full afterwards",
    make: { LoadBalance() }),
  PlacementCatalogEntry(
    name: "first-fit",
    summary: "the first host, by name, that configured memory and CPU reservation fit",
    make: { FirstFit() }),
  PlacementCatalogEntry(
    name: "best-fit", summary: "the host it fits that is fullest afterwards",
    make: { BestFit() }),
  PlacementCatalogEntry(
    name: "worst-fit", summary: "the host it fits that is emptiest afterwards",
    make: { WorstFit() }),
  PlacementCatalogEntry(
    name: "power-aware",
    summary: "the least rise in watts, or the fullest host in use, within 81 % of CPU",
    make: { PowerAware() }),
]
