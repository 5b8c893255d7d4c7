import BallastModel
import Testing

@Suite struct PatternTests {
  @Test(arguments: [
    ("web-*", "web-12", true), ("web-*", "web", false), ("*", "", true), ("*", "x", true),
    ("web-?", "web-1", true), ("web-?", "web-12", false), ("*b*", "abc", true),
    ("*-0", "a-0-0", true), ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXbYbZ", false),
    ("web", "web-1", false), ("[a]", "a", false), ("?", "日", true),
  ])
  func globs(pattern: String, name: String, isMatch: Bool) {
    #expect(NamePattern(pattern).matches(name) == isMatch)
  }

  @Test func anEntryMeansAllItsMachines() {
    #expect(NamePattern("web").matches("web-3", entry: "web"))
    #expect(!NamePattern("web").matches("web-3", entry: "webs"))
  }

  @Test func pools() {
    #expect(NamePattern("gold/web").matchesPool(cluster: "prod", path: "gold/web"))
    #expect(NamePattern("prod:gold").matchesPool(cluster: "prod", path: "gold"))
    #expect(!NamePattern("test:gold").matchesPool(cluster: "prod", path: "gold"))
    #expect(NamePattern("gold/*").matchesPool(cluster: "prod", path: "gold/web"))
  }

  /// The worst case of naive globbing ends at once.
  @Test func manyStars() {
    let pattern = NamePattern(String(repeating: "*a", count: 50) + "b")
    #expect(!pattern.matches(String(repeating: "a", count: 200)))
  }
}
