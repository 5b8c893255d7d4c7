import BallastManager
import BallastMath
import BallastModel
import BallastTraces
import Testing

/// Catalogs feed the schema, error messages and reference pages.
struct CatalogTests {
  private static let catalogs: [(of: String, entries: [(name: String, summary: String)])] = [
    ("profiles", HypervisorProfile.catalog.map { ($0.name, $0.summary) }),
    ("placement policies", placementCatalog.map { ($0.name, $0.summary) }),
    ("admission policies", admissionCatalog.map { ($0.name, $0.summary) }),
    ("failover policies", failoverCatalog.map { ($0.name, $0.summary) }),
    ("balancing policies", balancingCatalog.map { ($0.name, $0.summary) }),
    ("memory policies", memoryCatalog.map { ($0.name, $0.summary) }),
    ("trace formats", TraceFormat.catalog.map { ($0.name, $0.summary) }),
    ("distributions", Distribution.catalog.map { ($0.name, $0.summary) }),
  ]

  /// Names are unique, of lower-case letters, digits and hyphens, and each says in a line what it is.
  @Test func entriesAreNamedAndDescribed() {
    for (kind, entries) in Self.catalogs {
      #expect(!entries.isEmpty, "\(kind)")
      #expect(Set(entries.map(\.name)).count == entries.count, "\(kind)")
      for (name, summary) in entries {
        let isPlain = name.utf8.allSatisfy {
          (97...122).contains($0) || (48...57).contains($0) || $0 == 45
        }
        #expect(isPlain && !name.isEmpty, "\(kind): \(name)")
        #expect(!summary.isEmpty && !summary.contains("\n"), "\(kind): \(name)")
      }
    }
  }

  /// The first entry is the default that a scenario gets without naming one.
  @Test func defaultsComeFirst() {
    #expect(placementCatalog.first?.name == PolicyChoice().placement)
    #expect(HypervisorProfile.catalog.first?.name == "esxi")
  }
}
