import BallastKVM
import BallastModel
import BallastScenario
import BallastTestSupport
import BallastUnits
import Foundation
import Testing

@testable import BallastAgent

/// The agent over a scripted host: it manages who it may, keeps what it knows, records and replays.
struct HostAgentTests {
  static let policyText = """
    ballast: 1
    name: two
    domains:
      managed: [a, b, m-*]
      settings:
        - {name: b, cpu: {shares: 3072, reservation: 1GHz}}
    """

  private func policy(_ text: String = policyText) throws -> HostPolicy {
    var texts = SourceTexts()
    return try readPolicyFile(path: "two.yaml", bytes: Array(text.utf8), texts: &texts)
  }

  private func folder() throws -> String {
    let path = NSTemporaryDirectory() + "ballast-agent-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// One CPU of 1 GHz, and a and b want all of it.
  private func system() -> FakeSystem {
    let system = FakeSystem(pcpus: 1)
    for name in ["a", "b"] { system.start(name, vcpus: 1, memory: 1 << 30, demand: 1_000_000) }
    return system
  }

  private func agent(
    _ system: FakeSystem, _ folder: String, _ policy: HostPolicy, steps: StepLog? = nil
  ) throws -> HostAgent {
    HostAgent(
      policy,
      host: KVMHost(
        system, membership: policy.membership, safety: policy.safety,
        managesMemory: policy.managesMemory, mode: .apply,
        state: try StateFile(directory: folder, connection: "fake"),
        audit: try AuditLog(directory: folder)), steps: steps)
  }

  /// Shares 1024 : 3072 of one CPU: a runs 2.5 s of 10, b 7.5, and that is what the manager says they are entitled to. b's
  /// reservation of 1 GHz is more than its weight gives: the plan says so.
  @Test func theHostDeliversWhatTheManagerDecides() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let system = system()
    let text = Self.policyText.replacing(", reservation: 1GHz", with: "")
    let agent = try agent(system, folder, try policy(text))
    try agent.look()
    system.advance(by: .seconds(10))
    #expect(try agent.step().isEmpty)
    let before = ["a", "b"].map { system[$0]?.vcpuTime ?? 0 }
    system.advance(by: .seconds(10))
    let ran = ["a", "b"].enumerated().map { (system[$1]?.vcpuTime ?? 0) - before[$0] }
    #expect(ran == [2_500_000_000, 7_500_000_000])
    try agent.step()
    #expect(agent.plan.cpuEntitlement == [250_000, 750_000])
  }

  @Test func aReservationIsExplained() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let system = system()
    let agent = try agent(system, folder, try policy())
    try agent.look()
    system.advance(by: .seconds(10))
    try agent.step()
    #expect(agent.report.notes.contains { $0.subject == .cpuReservation })
    // The manager gives b its 1 GHz; weights alone give it 750 MHz.
    #expect(agent.plan.cpuEntitlement == [0, 1_000_000])
  }

  /// m-1 comes between two steps: indices move, what was seen of a and b stays, and everybody is managed.
  @Test func whoeverComesIsManagedAndTheRestStaysKnown() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let system = system()
    let agent = try agent(system, folder, try policy())
    try agent.look()
    system.advance(by: .seconds(10))
    try agent.step()
    #expect(agent.managing.manager.observedDemand(of: VMIndex(1))?.value == 1_000_000)
    system.start("0-first", vcpus: 1, memory: 1 << 30, demand: 0)
    system.start("m-1", vcpus: 1, memory: 1 << 30, demand: 0)
    system.stop("a")
    try agent.look()
    #expect(agent.host.names.names == ["b", "m-1"])
    #expect(agent.managing.manager.observedDemand(of: VMIndex(0))?.value == 1_000_000)
    #expect(agent.managing.manager.observedDemand(of: VMIndex(1)) == nil)
    system.advance(by: .seconds(10))
    #expect(try agent.step().isEmpty)
  }

  /// The record of ten steps, in which a domain comes and goes and the host is gone once, decided again: the same plans,
  /// byte for byte. With three times the shares for a, they differ.
  @Test func aRecordIsDecidedAgain() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/steps.jsonl"
    let system = system()
    let agent = try agent(
      system, folder, try policy(),
      steps: try StepLog(
        path: path,
        header: .init(
          ballastVersion: "0", policyFile: "two.yaml", policy: Self.policyText, isApplied: true)))
    try agent.look()
    for step in 0..<10 {
      system.advance(by: .seconds(10))
      if step == 3 { system.start("m-1", vcpus: 2, memory: 1 << 30, demand: 500_000) }
      if step == 6 { system.stop("a") }
      system.isReachable = step != 5
      _ = try? agent.step()
    }
    let bytes = try #require(try bytesOfFile(path))
    let replay = try StepReplay(bytes)
    #expect(replay.steps == 9)
    #expect(replay.same == 9)
    #expect(replay.differences.isEmpty)
    var texts = SourceTexts()
    let other = try readPolicyFile(
      path: "other.yaml",
      bytes: Array(
        "ballast: 1\ndomains: {settings: [{name: a, cpu: {shares: 3000}}]}\n".utf8), texts: &texts)
    let again = try StepReplay(bytes, policy: other)
    #expect(again.different == 9)
    #expect(
      again.differences.contains {
        $0.domain == "a" && $0.setting == "cpuWeight" && $0.recorded == 1_024
          && $0.replayed == 3_000
      })
    // A process that was killed leaves half a line; a file that is something else is refused.
    #expect(try StepReplay(Array(bytes.dropLast(20))).endsEarly)
    #expect(throws: StepReplay.Fault.self) { try StepReplay(Array("{}\n".utf8)) }
    #expect(throws: StepReplay.Fault.self) { try StepReplay(Array("hello\nworld\n".utf8)) }
    #expect(throws: StepReplay.Fault.self) { try StepReplay([]) }
  }

  /// 256 MiB, of which the guest needs 50, a limit of 150, and 300 MiB resident whatever the balloon holds: the balloon
  /// goes down step by step to the limit and stays there, though the process keeps more.
  @Test func aMemoryLimitNeverAsksForLessThanTheLimit() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let mebibyte: Int64 = 1 << 20
    let system = FakeSystem(pcpus: 1)
    system.start("a", vcpus: 1, memory: 256 * mebibyte, demand: 0)
    system.edit("a") {
      $0.staysResident = true
      $0.shown.rss = 300 * mebibyte
      $0.needed = 50 * mebibyte
    }
    let agent = try agent(
      system, folder,
      try policy(
        """
        ballast: 1
        policies: {reclamation: {policy: proportional-share}}
        domains:
          managed: [a]
          settings: [{name: a, memory_policy: {limit: 150MiB}}]
        safety: {headroom: 16MiB, step_down: 10%}
        """))
    try agent.look()
    var sizes: [Int64] = []
    for _ in 0..<60 {
      system.advance(by: .seconds(2))
      try agent.step()
      sizes.append((system["a"]?.memoryCurrent ?? 0) / mebibyte)
    }
    #expect(sizes.min() == 150 && sizes.last == 150, "\(sizes)")
  }

  /// Both hold the one CPU of 1 GHz that they are pinned to, of a host with two: 500 MHz each in the plan and in the metrics,
  /// though the host has 2000; and the record of it is decided again to the same.
  @Test func pinsBoundWhatDomainsAreEntitledTo() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let system = FakeSystem(pcpus: 2)
    let text = """
      ballast: 1
      domains:
        managed: [a, b]
        settings: [{name: "?", cpu: {reservation: 800MHz}}]
      """
    for name in ["a", "b"] {
      system.start(name, vcpus: 1, memory: 1 << 30, demand: 1_000_000)
      system.edit(name) { $0.shown.settings.pins = ["1"] }
    }
    let path = folder + "/steps.jsonl"
    let agent = try agent(
      system, folder, try policy(text),
      steps: try StepLog(
        path: path,
        header: .init(
          ballastVersion: "0", policyFile: "two.yaml", policy: text, isApplied: true)))
    try agent.look()
    system.advance(by: .seconds(10))
    try agent.step()
    #expect(agent.plan.cpuEntitlement == [500_000, 500_000])
    let metrics = HostMetrics.text(of: agent, isUp: true, stepSeconds: 0)
    #expect(
      metrics.contains(#"cpu_entitlement_cores{domain="a",uuid="fake-a"} 0.500"#), "\(metrics)")
    #expect(
      agent.managing.complaints(all: ["a", "b"]) == [
        "a and b may run on pCPU 1 only and reserve 1600 MHz, and there are 1000 MHz: not all"
          + " reservations can be kept"
      ])
    let replay = try StepReplay(try #require(try bytesOfFile(path)))
    #expect(replay.steps == 1 && replay.same == 1)
  }

  /// Who keeps a limit of memory: proportional-share always, squeezed for guests with a range, the others never.
  @Test(arguments: [
    ("none", "", false), ("proportional-share", "", true), ("mom", "", false),
    ("mom-ovirt", "", false), ("proxmox", "minimum: 256MiB, ", false),
    ("hyperv-dynamic-memory", "", false), ("squeezed", "", false),
    ("squeezed", "minimum: 256MiB, ", true),
    ("proportional-share", "balloon: {managed: false}, ", false),
  ])
  func aLimitThatNobodyKeepsIsTold(_ name: String, _ setting: String, _ isKept: Bool) throws {
    let system = system()
    let policy = try policy(
      """
      ballast: 1
      policies: {reclamation: {policy: \(name)}}
      domains:
        managed: [a]
        settings: [{name: a, memory_policy: {\(setting)limit: 512MiB}}]
      """)
    let agent = HostAgent(
      policy, host: KVMHost(system, membership: policy.membership, mode: .dryRun))
    try agent.look()
    system.advance(by: .seconds(10))
    try agent.step()
    let note = try #require(agent.report.notes.first { $0.subject == .memoryLimit }).text
    #expect(
      note.contains(isKept ? "512 MiB is kept by its balloon only" : "512 MiB is kept by nobody"))
    #expect(isKept != note.contains("policies: {reclamation: {policy: proportional-share}}"))
  }

  /// 30 ms of 100 are 30000 µs, on any clock.
  @Test(arguments: [2_595_124, 2_399_999, 1_000_001, 3_700_003])
  func aQuotaIsWrittenAsItIsSaid(_ coreRate: Int64) throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let system = FakeSystem(pcpus: 2, coreRate: coreRate)
    system.start("a", vcpus: 2, memory: 1 << 30, demand: 1_000_000)
    system.start("b", vcpus: 2, memory: 1 << 30, demand: 1_000_000)
    let agent = try agent(
      system, folder,
      try policy(
        """
        ballast: 1
        domains:
          managed: [a, b]
          settings:
            - {name: a, cpu: {quota: 30ms}}
            - {name: b, cpu: {quota: 33ms, quota_scope: vcpu}}
        """))
    try agent.look()
    system.advance(by: .seconds(10))
    try agent.step()
    #expect(system["a"]?.settings.globalQuota == 30_000)
    #expect(system["b"]?.settings.globalQuota == 66_000)
  }

  @Test func whatCannotBeKeptIsTold() throws {
    let system = system()
    let policy = try policy(
      """
      ballast: 1
      domains:
        managed: [a, b, gone]
        settings:
          - {name: a, cpu: {reservation: 700MHz}}
          - {name: b, cpu: {reservation: 1500MHz}}
          - {name: x-*, cpu: {shares: low}}
      """)
    let agent = HostAgent(
      policy, host: KVMHost(system, membership: policy.membership, mode: .dryRun))
    try agent.look()
    let complaints = agent.managing.complaints(all: ["a", "b"])
    #expect(complaints.count == 4)
    #expect(complaints[0].hasPrefix("b reserves 1500 MHz and can use 1000 MHz"))
    #expect(
      complaints[1].hasPrefix("the managed domains reserve 2200 MHz, and the host has 1000 MHz"))
    #expect(complaints[2] == "no running domain is called gone")
    #expect(complaints[3] == "no running domain matches x-*")
  }
}

/// Metrics as Prometheus reads them.
struct HostMetricsTests {
  private func metrics() throws -> String {
    let system = FakeSystem(pcpus: 1)
    system.start("a\"\\", vcpus: 1, memory: 1 << 30, demand: 250_000)
    let agent = HostAgent(
      HostPolicy(name: "x", profile: .kvm),
      host: KVMHost(system, membership: .consenting { _ in DomainTerms() }, mode: .dryRun))
    try agent.look()
    system.advance(by: .seconds(4))
    try agent.step()
    return HostMetrics.text(of: agent, isUp: true, stepSeconds: 0.25)
  }

  /// A quarter of a CPU over 4 s is a second of CPU time; a kilobyte is nowhere.
  @Test func valuesAreInBaseUnits() throws {
    let text = try metrics()
    let labels = #"{domain="a\"\\",uuid="fake-a\"\\"}"#
    #expect(text.contains("ballast_domain_vcpu_time_seconds_total\(labels) 1.000000000\n"))
    #expect(text.contains("ballast_domain_memory_maximum_bytes\(labels) 1073741824\n"))
    #expect(text.contains("ballast_domain_cpu_entitlement_cores\(labels) 0.250\n"))
    #expect(text.contains("\nballast_up 1\n"))
    #expect(text.hasSuffix("\n"))
  }

  private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test(.enabled(if: promtool != nil, "promtool is not installed (Debian: prometheus)"))
  func promtoolHasNothingToSay() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.promtool))
    process.arguments = ["check", "metrics"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    try process.run()
    input.fileHandleForWriting.write(Data(try metrics().utf8))
    try input.fileHandleForWriting.close()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(String(decoding: said, as: UTF8.self) == "")
  }
}
