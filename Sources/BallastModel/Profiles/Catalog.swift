extension HypervisorProfile {
  /// Every profile, by name. The first is the default.
  public static let catalog: [HypervisorProfile] = [.esxi, .kvm, .xen, .hyperv]

  public static func named(_ name: String) -> HypervisorProfile? {
    catalog.first { $0.name == name }
  }
}
