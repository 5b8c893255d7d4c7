import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// One VM's mean rates over a sample, kHz.
struct Rates: Equatable {
  var vm: Int
  var demand: Int64
  var unlimited: Int64
  var used: Int64
  var isOn = true
}

/// A machine whose hosts have cores of 1 GHz, sampled at even intervals.
struct Bench {
  let machine: Machine
  private(set) var now = SimTime.zero

  /// - Parameters:
  ///   - cores: per host.
  ///   - vms: all of 2 vCPUs (2 GHz) and 1 GiB.
  init(cores: [Int] = [4], memory: Bytes = .gibibytes(8), _ vms: [GuestWorkload]) {
    machine = Machine(
      hosts: cores.enumerated().map {
        HostSpec(
          name: "h\($0.offset)", sockets: 1, coresPerSocket: $0.element, threadsPerCore: 1,
          coreRate: .megahertz(1_000), memory: memory)
      }, vms: vms.map { GuestSpec(vcpus: 2, memory: .gibibytes(1), workload: $0) },
      observationInterval: .seconds(20))
  }

  /// The VMs of the list are on from t = 0 on host 0.
  static func running(_ vms: [GuestWorkload], cores: Int = 4) -> Bench {
    let bench = Bench(cores: [cores], vms)
    for vm in vms.indices { bench.powerOn(vm) }
    return bench
  }

  func powerOn(_ vm: Int, on host: Int = 0) {
    machine.powerOn(VMIndex(vm), on: HostIndex(host), at: now)
  }
  func powerOff(_ vm: Int) { machine.powerOff(VMIndex(vm), at: now) }

  mutating func advance(seconds: Int64) { advance(nanoseconds: seconds * 1_000_000_000) }

  mutating func advance(nanoseconds: Int64) {
    now = SimTime(now.value + nanoseconds)
    for host in 0..<machine.hostCount { machine.advance(HostIndex(host), to: now) }
  }

  func sample(_ host: Int = 0) -> [Rates] {
    let columns = machine.takeSample(HostIndex(host), at: now)
    return (0..<columns.count).map {
      Rates(
        vm: Int(columns.vm[$0]), demand: columns.demand[$0], unlimited: columns.unlimited[$0],
        used: columns.used[$0], isOn: $0 < columns.present)
    }
  }

  /// The only VM's demand in samples of the given length.
  mutating func demands(_ count: Int, every seconds: Int64) -> [Int64] {
    (0..<count).map { _ in
      advance(seconds: seconds)
      return sample()[0].demand
    }
  }

  /// Applies settings to the VMs of host 0, in pools where there are some.
  func apply(_ settings: [Int: VMSettings], pools: [HostPlan.Pool] = []) throws {
    var manager = ResourceManager()
    for (vm, settings) in settings.sorted(by: { $0.key < $1.key }) {
      manager.add(VMIndex(vm), settings, at: now)
    }
    var host = SimulatedHost(machine, HostIndex(0))
    var seen = HostObservation()
    try host.observe(into: &seen)
    var plan = HostPlan()
    manager.decide(seen, into: &plan, workspace: DecisionWorkspace())
    plan.pools = pools
    if !pools.isEmpty {
      plan.pool = settings.sorted(by: { $0.key < $1.key }).map(\.value.pool)
    }
    _ = try host.apply(plan)
  }
}

/// A series in memory that lives as long as the test process.
func series(
  _ values: [UInt32], times: [Int64]? = nil, first: Int64 = 0, step: Int64 = 10, end: Int64,
  unit: SampledSeries.Unit = .partsPerMillion
) -> SampledSeries {
  let cells = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: values.count)
  _ = cells.initialize(from: values)
  var column: UnsafePointer<Int64>?
  if let times {
    let memory = UnsafeMutableBufferPointer<Int64>.allocate(capacity: times.count)
    _ = memory.initialize(from: times.map { SimTime.seconds($0).value })
    column = UnsafePointer(memory.baseAddress!)
  }
  return SampledSeries(
    values: UnsafePointer(cells.baseAddress!), times: column, count: values.count,
    first: .seconds(first), step: .seconds(step), end: .seconds(end), unit: unit)
}

extension GuestWorkload {
  static func constant(_ percent: Int64) -> GuestWorkload {
    GuestWorkload(cpu: .constant(.percent(percent)))
  }
  static func replay(
    _ series: SampledSeries, _ atEnd: TraceEnd, length: Int64
  ) -> GuestWorkload {
    GuestWorkload(cpu: .replay(series, atEnd: atEnd, length: .seconds(length)))
  }
}

func steps(_ steps: [(seconds: Int64, percent: Int64)]) -> DemandSource {
  .steps(steps.map { DemandForm.Step(time: .seconds($0.seconds), value: .percent($0.percent)) })
}
