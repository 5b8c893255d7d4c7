import BallastKVM
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

/// What is concluded from two snapshots.
struct ObservationTests {
  /// 4 CPUs at 1 GHz, 8 GiB: "a" wants half of 2 vCPUs, "b" all of 2, "c" three quarters of 4: 1 + 2 + 3 = 6 of 4 GHz.
  static func system() -> FakeSystem {
    let system = FakeSystem()
    system.start("a", vcpus: 2, memory: 1 << 30, demand: 500_000)
    system.start("b", vcpus: 2, memory: 1 << 30, demand: 1_000_000)
    system.start("c", vcpus: 4, memory: 2 << 30, demand: 750_000)
    return system
  }

  static func maker() -> ObservationMaker { ObservationMaker(ManagedNames(["c", "a", "b"])) }

  /// By equal weights "a" gets its 10 s in 10 s, and "b" and "c" halves of the other 30: 15 s each; they want 20 and 30.
  @Test func countersAreDifferences() throws {
    let system = Self.system()
    var maker = Self.maker()
    var seen = HostObservation()
    #expect(try maker.make(of: system.snapshot(), into: &seen).isEmpty)
    #expect(seen.interval == .zero && seen.runTime == [0, 0, 0])
    system.advance(by: .seconds(10))
    #expect(try maker.make(of: system.snapshot(), into: &seen).isEmpty)
    #expect(seen.interval == .seconds(10) && seen.time == .seconds(10) && seen.sequence == 2)
    #expect(seen.runTime == [10_000_000_000, 15_000_000_000, 15_000_000_000])
    #expect(seen.readyTime == [0, 5_000_000_000, 15_000_000_000])
    #expect(seen.cpuCapacity == .megahertz(4_000))
  }
}
