import BallastModel
import BallastScenario
import Testing

/// The scenario that a run keeps: JSON that reads back to the same scenario.
@Suite struct DocumentTests {
  private func document(
    _ text: String, path: String = "in/web.yaml", set: [String] = [], seed: UInt64? = nil,
    environment: [String: String] = ["BALLAST_TRACES": "/traces"]
  ) throws -> (scenario: Scenario, json: String) {
    var texts = SourceTexts()
    let (scenario, document) = try readDocument(
      path: path, bytes: Array(text.utf8), overrides: set, seed: seed, catalogs: catalogs,
      environment: { environment[$0] }, readFile: { _ in [] }, workingDirectory: "/home/me",
      texts: &texts)
    return (scenario, document.json)
  }

  private func readBack(_ json: String) throws -> Scenario {
    var texts = SourceTexts()
    return try readStoredScenario(
      path: "run/scenario.json", bytes: Array(json.utf8), catalogs: catalogs,
      environment: { ["BALLAST_TRACES": "/elsewhere"][$0] }, texts: &texts
    ).scenario
  }

  @Test func nameAndSeedAreWrittenDown() throws {
    let (_, json) = try document(small(), seed: 18_446_744_073_709_551_615)
    let scenario = try readBack(json)
    #expect(scenario.name == "web")
    #expect(scenario.seed == 18_446_744_073_709_551_615)
  }

  /// Relative paths start at the scenario's folder, those of --set at the working directory; a variable stays.
  @Test func pathsLast() throws {
    let text = small(
      more: """
        traces:
          a: {format: planetlab, path: ../t/a, interval: 5m}
          b: {format: planetlab, path: $BALLAST_TRACES/b, interval: 5m}
          c: {format: planetlab, path: /abs/c, interval: 5m}
        """)
    let (_, json) = try document(
      text, set: ["traces.d={format: planetlab, path: d, interval: 5m}"])
    #expect(
      try readBack(json).traces.map(\.path) == [
        "/home/me/in/../t/a", "/elsewhere/b", "/abs/c", "/home/me/d",
      ])
    let (_, relative) = try document(
      text, environment: ["BALLAST_TRACES": "traces"])
    #expect(try readBack(relative).traces[1].path == "/home/me/in/traces/b")
  }

  /// Names that look like nothing, numbers or booleans; escapes; numbers as only YAML writes them.
  @Test func textsStayTexts() throws {
    let text = """
      ballast: 1
      name: "~"
      duration: 1h
      clusters:
        - name: "true"
          hosts: [{name: "007", cpu: {cores: 04, mhz: 2000}, memory: 64GiB}]
      vms:
        - {name: "8", vcpus: 02, memory: 8GiB, cpu: {shares: low}}
        - {name: "zähler \u{1F600}", vcpus: 1, memory: 8GiB, cpu: {shares: "high"}}
      expect:
        - {metric: admitted, of: {vms: "8"}, equals: true}
        - {metric: cpu_used_mhz, of: {vms: "8"}, statistic: mean, at_least: -0.5}
      """
    let (scenario, json) = try document(text)
    let again = try readBack(json)
    #expect(again.name == "~")
    #expect(again.clusters[0].name == "true")
    #expect(again.clusters[0].hosts[0].name == "007")
    #expect(again.vms.map(\.name) == ["8", "zähler \u{1F600}"])
    #expect(again.vms.map(\.vcpus) == scenario.vms.map(\.vcpus))
    #expect(again.vms.map(\.cpu.shares) == [.low, .high])
    #expect(again.expectations.map(\.bound) == scenario.expectations.map(\.bound))
  }

  @Test func whatIsNoScenarioIsRefused() {
    for text in ["", "{", "[]", "{\"ballast\": 1}"] {
      #expect(throws: ScenarioError.self) { try readBack(text) }
    }
  }

  /// 20,000 entries: a run must not wait for its notes.
  @Test func largeScenariosReadBack() throws {
    let vms = (0..<20_000).map { "  - {name: v\($0), vcpus: 2, memory: 1GiB}" }
    let text = """
      ballast: 1
      duration: 1h
      clusters: [{name: c, hosts: [{name: h, count: 2000, cpu: {cores: 8, mhz: 2000}, memory: 64GiB}]}]
      vms:
      \(vms.joined(separator: "\n"))
      """
    let (_, json) = try document(text)
    #expect(try readBack(json).vms.count == 20_000)
  }
}
