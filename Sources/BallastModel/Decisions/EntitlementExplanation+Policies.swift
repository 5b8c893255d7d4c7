/// Memory policies that do not follow the division by shares: what they follow, and what brings a VM more under them.
extension EntitlementExplanation {
  static func words(ofPolicy policy: String) -> String {
    let rule =
      switch policy {
      case "none": "takes nothing back: VMs have what they touch, as long as there is memory"
      case "hyperv-dynamic-memory":
        "gives each guest its demand and a buffer, by priority where memory is short"
      case "squeezed":
        "gives each guest the same part of what lies between its minimum and its memory"
      case "proxmox":
        "keeps a part of the host free, and divides what lies above the minimums by shares,"
          + " whatever the pools"
      default: "asks all balloons alike when the host runs short, down to the minimums"
      }
    return "This counts as its entitlement only; the policy \(policy) \(rule)."
  }

  /// What would bring the VM more where nothing can be said of this division's levers.
  func need(under policy: String) -> String {
    let what =
      switch policy {
      case "none": "more memory on its host, or less touched beside it"
      case "hyperv-dynamic-memory":
        "a higher minimum or priority, less demand beside it, or more memory on its host"
      case "proxmox": "a higher minimum, more shares, or more memory on its host"
      default:
        "a higher minimum, lower minimums or less memory beside it, or more memory on its host"
      }
    return "Where memory is short, \(vm) would need \(what)."
  }
}
