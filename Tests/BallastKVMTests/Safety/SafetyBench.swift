import BallastModel
import BallastUnits

@testable import BallastKVM

/// A host at rest with guests of 4096 MiB, of which each could spare 3072, and a safeguard that has seen them report
/// twice: everything may be shrunk.
struct SafetyBench {
  static let mebibyte: Int64 = 1 << 20
  var snapshot = HostSnapshot()
  var guardian: Safeguard
  var managed: Set<String> = ["a", "b", "c"]
  var minimum: Int64 = 0

  init(_ settings: SafetySettings = SafetySettings(), names: [String] = ["a", "b"]) {
    guardian = Safeguard(settings)
    snapshot.wallTime = 1_780_000_000_000_000_000
    snapshot.monotonicTime = 1_000_000_000
    snapshot.host.pcpus = 4
    snapshot.host.ksm = KSMReadings()
    snapshot.domains = names.map { name in
      var domain = DomainSnapshot()
      domain.name = name
      domain.uuid = "uuid-" + name
      domain.state = .running
      domain.runID = 1
      domain.vcpus = 2
      domain.memoryMax = 4_096 * Self.mebibyte
      domain.memoryCurrent = 4_096 * Self.mebibyte
      domain.guestUsable = 3_072 * Self.mebibyte
      domain.guestSwapOut = 0
      domain.guestMajorFaults = 0
      domain.statisticsPeriod = 5
      domain.lastUpdate = 1_780_000_000
      domain.settings.cpuWeight = 1_024
      domain.settings.vcpuQuota = -1
      domain.settings.vcpuPeriod = 100_000
      domain.traits.deflatesOnOOM = true
      return domain
    }
    _ = review([])
    advance(10)
    _ = review([])
    advance(10)
  }

  /// Time goes on, and guests report.
  mutating func advance(_ seconds: Int64, reporting: Bool = true) {
    snapshot.wallTime += seconds * 1_000_000_000
    snapshot.monotonicTime += seconds * 1_000_000_000
    guard reporting else { return }
    for index in snapshot.domains.indices {
      snapshot.domains[index].lastUpdate = snapshot.wallTime / 1_000_000_000
    }
  }

  mutating func edit(_ name: String, _ change: (inout DomainSnapshot) -> Void) {
    guard let index = snapshot.domains.firstIndex(where: { $0.name == name }) else { return }
    change(&snapshot.domains[index])
  }

  func write(_ name: String, _ field: HostWrite.Field, _ wanted: Int64) -> HostWrite {
    let domain = snapshot[name: name]
    return HostWrite(
      target: .domain(uuid: "uuid-" + name, name: name), field: field,
      before: field == .balloonTarget ? domain?.memoryCurrent : domain?.setting(field),
      wanted: wanted, reason: "test")
  }

  /// A balloon target in MiB.
  func balloon(_ name: String, _ mebibytes: Int64) -> HostWrite {
    write(name, .balloonTarget, mebibytes * Self.mebibyte)
  }

  mutating func review(_ writes: [HostWrite]) -> SafetyVerdict {
    let (managed, minimum) = (managed, minimum)
    return guardian.review(writes, of: snapshot) { domain in
      managed.contains(domain.name) || domain.traits.isMarked
        ? DomainTerms(memoryMinimum: minimum) : nil
    }
  }

  /// Reviews, and performs what passes.
  mutating func perform(_ writes: [HostWrite]) -> SafetyVerdict {
    let verdict = review(writes)
    for write in verdict.writes {
      guardian.wrote(
        write, readBack: write.field == .balloonTarget ? nil : write.wanted, in: snapshot)
    }
    return verdict
  }
}

extension SafetyVerdict {
  var rules: [HeldBack.Rule] { heldBack.map(\.rule) }
  var kinds: [SafetyEvent.Kind] { events.map(\.kind) }
  /// Balloon targets that pass, by name, MiB.
  var targets: [String: Int64] {
    Dictionary(
      uniqueKeysWithValues: writes.filter { $0.field == .balloonTarget }
        .map { ($0.target.name, $0.wanted / SafetyBench.mebibyte) })
  }
}
