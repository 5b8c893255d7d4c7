import BallastModel
import BallastSimulator
import BallastTestSupport
import BallastUnits
import Testing

struct WorkloadEventTests {
  private static let place = SourcePlace(file: "t.yaml", line: 1, column: 1)

  private static func set(
    _ seconds: Int64, _ workload: WorkloadSpec, of vm: String = "a"
  ) -> ScheduledEvent {
    ScheduledEvent(
      at: .seconds(seconds), action: .setVM(pattern: vm, VMChange(workload: workload)),
      place: place)
  }

  /// VMs of 1 GHz and 1 GiB on a host that is large enough; 30 s, samples every 10 s.
  private static func scenario(
    count: Int = 1, workload: WorkloadSpec, traces: [TraceSpec] = [], events: [ScheduledEvent]
  ) -> Scenario {
    let place = Self.place
    return Scenario(
      name: "t", seed: 1, duration: .seconds(30), interval: .seconds(10),
      controlInterval: .seconds(10), profile: .esxi,
      clusters: [
        ClusterSpec(
          name: "c",
          hosts: [
            HostEntry(
              name: "h", count: 1, sockets: 1, coresPerSocket: count, threadsPerCore: 1,
              coreRate: .megahertz(1_000), memory: .gibibytes(4), place: place)
          ], pools: [], place: place)
      ], traces: traces,
      vms: [
        VMEntry(
          name: "a", count: count, from: nil, cluster: nil, pool: nil, host: nil, vcpus: 1,
          memory: .gibibytes(1), cpu: .init(), memorySettings: .init(), cpuQuota: nil,
          start: .zero, stop: nil,
          workload: workload, place: place, keyPlaces: [:])
      ], policies: PolicyChoice(),
      events: events, expectations: [],
      record: RecordSpec(vms: .all, interval: .seconds(10), place: place), hasSweep: false,
      place: place)
  }

  /// A VM of 1 GHz and 1 GiB: 20 % from the start, 60 % from 10 s; from 20 s other memory, and the CPU goes on as it
  /// was last set.
  @Test func whatAnEventLeavesOutGoesOn() throws {
    let scenario = Self.scenario(
      workload: WorkloadSpec(
        cpu: .constant(.percent(20)), memoryTouched: .constant(.percent(25))),
      events: [
        Self.set(10, WorkloadSpec(cpu: .constant(.percent(60)))),
        Self.set(20, WorkloadSpec(memoryTouched: .constant(.percent(50)))),
      ])
    let sink = CollectingSink()
    _ = try Simulation(try World(scenario), sink: sink).run()
    #expect(sink.vm("a", .cpuUsed) == [200_000, 600_000, 600_000])
    #expect(sink.vm("a", .memConsumed) == [256_000, 256_000, 512_000])
  }

  /// The trace has 10.5, 20.5 and 30.5 % in its first minute: a-2 takes its third series, though the event names it alone.
  @Test func everyVMKeepsItsPlaceInATrace() throws {
    let path = fixturePath("traces/csv/table.csv")
    let trace = TraceSpec(
      name: "t", format: nil, writtenPath: path, path: path, interval: nil, unit: .percent,
      atEnd: .stop, place: Self.place)
    let replay = WorkloadSpec(
      cpu: .trace(TraceUse(trace: "t", series: nil, unit: nil, atEnd: nil, place: Self.place)))
    let scenario = Self.scenario(
      count: 3, workload: WorkloadSpec(), traces: [trace],
      events: [Self.set(10, replay, of: "a-2"), Self.set(20, replay, of: "a-*")])
    let sink = CollectingSink()
    _ = try Simulation(try World(scenario), sink: sink).run()
    #expect(sink.vm("a-1", .cpuUsed) == [0, 0, 205_000])
    #expect(sink.vm("a-2", .cpuUsed) == [0, 305_000, 305_000])
  }
}
