import BallastModel

/// Names that other modules give meaning to. The caller hands them in, so this module imports
/// neither the manager nor the traces.
public struct CatalogNames: Sendable {
  public typealias Entry = (name: String, summary: String)
  public var placement: [Entry]
  public var memory: [Entry]
  public var traceFormats: [Entry]
  public var distributions: [Entry]
  public init(
    placement: [Entry], memory: [Entry], traceFormats: [Entry], distributions: [Entry]
  ) {
    self.placement = placement
    self.memory = memory
    self.traceFormats = traceFormats
    self.distributions = distributions
  }

  /// What can be simulated now.
  func entries(_ catalog: Kind.Catalog) -> [Entry] {
    switch catalog {
    case .profile: HypervisorProfile.catalog.map { ($0.name, $0.summary) }
    case .placement: placement
    case .memory: memory
    case .traceFormat: traceFormats
    case .distribution: distributions
    }
  }

  /// What the format knows: modelled names first.
  func known(_ catalog: Kind.Catalog) -> [String] {
    let modelled = entries(catalog).map(\.name)
    return modelled + catalog.reserved.filter { !modelled.contains($0) }
  }
}
