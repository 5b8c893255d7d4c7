import BallastModel
import BallastSimulator
import BallastTestSupport
import BallastUnits
import Testing

struct WorkloadEventTests {
  private static let place = SourcePlace(file: "t.yaml", line: 1, column: 1)

  private static func set(_ seconds: Int64, _ workload: WorkloadSpec) -> ScheduledEvent {
    ScheduledEvent(
      at: .seconds(seconds), action: .setVM(pattern: "a", VMChange(workload: workload)),
      place: place)
  }

  /// A VM of 1 GHz and 1 GiB: 20 % from the start, 60 % from 10 s; from 20 s other memory, and the CPU goes on as it
  /// was last set.
  @Test func whatAnEventLeavesOutGoesOn() throws {
    let place = Self.place
    let scenario = Scenario(
      name: "t", seed: 1, duration: .seconds(30), interval: .seconds(10),
      controlInterval: .seconds(10), profile: .esxi,
      clusters: [
        ClusterSpec(
          name: "c",
          hosts: [
            HostEntry(
              name: "h", count: 1, sockets: 1, coresPerSocket: 1, threadsPerCore: 1,
              coreRate: .megahertz(1_000), memory: .gibibytes(4), place: place)
          ], pools: [], place: place)
      ], traces: [],
      vms: [
        VMEntry(
          name: "a", count: 1, from: nil, cluster: nil, pool: nil, host: nil, vcpus: 1,
          memory: .gibibytes(1), cpu: .init(), memorySettings: .init(), cpuQuota: nil,
          start: .zero, stop: nil,
          workload: WorkloadSpec(
            cpu: .constant(.percent(20)), memoryTouched: .constant(.percent(25))),
          place: place, keyPlaces: [:])
      ], policies: PolicyChoice(),
      events: [
        Self.set(10, WorkloadSpec(cpu: .constant(.percent(60)))),
        Self.set(20, WorkloadSpec(memoryTouched: .constant(.percent(50)))),
      ], expectations: [],
      record: RecordSpec(vms: .all, interval: .seconds(10), place: place), hasSweep: false,
      place: place)
    let sink = CollectingSink()
    _ = try Simulation(try World(scenario), sink: sink).run()
    #expect(sink.vm("a", .cpuUsed) == [200_000, 600_000, 600_000])
    #expect(sink.vm("a", .memConsumed) == [256_000, 256_000, 512_000])
  }
}
