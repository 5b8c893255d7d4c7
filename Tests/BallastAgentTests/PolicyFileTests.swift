import BallastModel
import BallastScenario
import BallastUnits
import Testing

@testable import BallastAgent

/// Policy files: what they say, and what is said of what is wrong with them.
struct PolicyFileTests {
  private func read(_ text: String) throws -> HostPolicy {
    var texts = SourceTexts()
    return try readPolicyFile(path: "policy.yaml", bytes: Array(text.utf8), texts: &texts)
  }

  /// The first line of what is said of a wrong file.
  private func complaint(_ text: String) -> String {
    var texts = SourceTexts()
    do {
      _ = try readPolicyFile(path: "p.yaml", bytes: Array(text.utf8), texts: &texts)
      return ""
    } catch {
      return String(describe(error, in: texts).split(separator: "\n")[0])
    }
  }

  @Test func everySectionIsRead() throws {
    let policy = try read(
      """
      ballast: 1
      name: web
      control: {interval: 20s}
      policies:
        reclamation: {policy: mom, idle_tax: 50%}
      domains:
        managed: [web-*, db]
        settings:
          - name: web-*
            cpu: {shares: high, limit: 2GHz}
            memory_policy: {reservation: 1GiB, minimum: 512MiB, balloon_max: 40%}
          - name: db
            cpu: {reservation: 1GHz, quota: 50ms}
      safety:
        dead_band: 2%
        step_down: 10%
        headroom: 128MiB
        without_autodeflate: true
        statistics_period: 10s
        stale_periods: 5
        stuck_after: 30s
        quiet: 10m
        major_faults: 50
        ksm: true
      """)
    #expect(policy.name == "web")
    #expect(policy.controlInterval == .seconds(20))
    #expect(policy.profile == .kvm)
    #expect(policy.reclamation.policy == "mom")
    #expect(policy.managed == ["web-*", "db"])
    #expect(policy.settings(of: "web-1").cpu.limit == .megahertz(2_000))
    #expect(policy.settings(of: "web-1").memoryPolicy.minimum == .mebibytes(512))
    #expect(policy.settings(of: "db").quota?.quota == .milliseconds(50))
    #expect(policy.settings(of: "other") == DomainPolicy(name: "other"))
    #expect(policy.safety.headroom == .mebibytes(128))
    #expect(policy.safety.managesKSM)
    // The larger of minimum and reservation is what no balloon takes.
    #expect(policy.terms(of: "web-1", isMarked: false)?.memoryMinimum == 1 << 30)
    #expect(policy.terms(of: "other", isMarked: false) == nil)
    #expect(policy.terms(of: "other", isMarked: true) == DomainTerms())
  }

  /// Without a word nothing is managed and no memory is taken.
  @Test func theUsualPolicyDoesNothing() throws {
    let policy = try read("ballast: 1\n")
    #expect(policy.name == "policy")
    #expect(policy.managed.isEmpty)
    #expect(!policy.managesMemory)
    #expect(policy.safety == SafetySettings())
    #expect(policy.controlInterval == .seconds(10))
  }

  @Test func theFirstEntryThatMatchesHolds() throws {
    let policy = try read(
      """
      ballast: 1
      domains:
        settings:
          - {name: web-1, cpu: {shares: 7}}
          - {name: web-*, cpu: {shares: 9}}
      """)
    #expect(policy.settings(of: "web-1").cpu.shares == .number(7))
    #expect(policy.settings(of: "web-2").cpu.shares == .number(9))
  }

  @Test(arguments: [
    ("ballast: 1\ndomians: {}\n", "p.yaml:2:1: error: ", "domains"),
    (
      "ballast: 1\ndomains: {managed: [\"*\"]}\n", "p.yaml:2:21: error: * would take every", "web-*"
    ),
    ("ballast: 1\ndomains: {managed: [\"??\"]}\n", "p.yaml:2:21: error: ", "every domain"),
    (
      "ballast: 1\nsafety: {step_down: 80%}\n", "p.yaml:2:21: error: step_down is 80%", "1% to 50%"
    ),
    ("ballast: 1\nsafety: {headroom: 64}\n", "p.yaml:2:20: error: headroom: 64 has no unit", "GiB"),
    ("ballast: 1\nsafety: {statistics_period: 1500ms}\n", "p.yaml:2:29: error: ", "whole seconds"),
    ("ballast: 1\ncontrol: {interval: 10ms}\n", "p.yaml:2:21: error: ", "1s to 1h"),
    (
      "ballast: 1\ndomains: {settings: [{name: a, cpu: {limit: 1GHz, reservation: 2GHz}}]}\n",
      "p.yaml:2:45: error: limit 1000 MHz is below reservation 2000 MHz", "raise the limit"
    ),
    (
      "ballast: 1\ndomains: {settings: [{name: a}, {name: a}]}\n",
      "p.yaml:2:40: error: a has an entry",
      "first one holds"
    ),
    ("ballast: 1\npolicies: {reclamation: {policy: momm}}\n", "p.yaml:2:34: error: ", "mom"),
    (
      "ballast: 1\npolicies: {reclamation: {policy: mom, double_paging: true}}\n",
      "p.yaml:2:39: error: double_paging", "remove it"
    ),
    ("ballast: 1\nimport: other.yaml\n", "p.yaml:2:1: error: ", "import"),
    ("", "p.yaml:1:1: error: ", "empty"),
  ])
  func mistakesHaveAPlaceAndARemedy(_ text: String, _ start: String, _ words: String) {
    let complaint = complaint(text)
    #expect(complaint.hasPrefix(start), "\(complaint)")
    #expect(complaint.contains(words), "\(complaint)")
  }
}
