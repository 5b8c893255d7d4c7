import Testing

@testable import BallastImport

@Suite struct NameTests {
  @Test(arguments: [
    ("web-01", "web-01"), ("a/b:c", "a-b-c"), ("..x ", "x"), ("", "unnamed"),
    ("ein Name", "ein Name"),
    ("tab\tstop", "tab-stop"), ("*?\"\\,", "-----"),
  ])
  func namesThatAScenarioMayHave(_ wanted: String, _ expected: String) {
    #expect(allowedName(wanted) == expected)
  }

  @Test func namesAreGivenOnce() {
    var names = Names()
    #expect(names.take("web") == "web")
    #expect(names.take("web") == "web (2)")
    #expect(names.take("web") == "web (3)")
    #expect(names.take(String(repeating: "x", count: 500)).unicodeScalars.count == 180)
  }

  @Test func percentagesAreAsShortAsTheyAreExact() {
    #expect(percentText(.percent(35)) == "35%")
    #expect(percentText(.init(5_000)) == "0.5%")
    #expect(percentText(.init(123_456)) == "12.3456%")
    #expect(percentText(.zero) == "0%")
  }
}
