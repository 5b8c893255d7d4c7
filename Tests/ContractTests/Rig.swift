import BallastKVM
import BallastMachine
import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Foundation

/// The backends that the contract is run against.
enum BackendKind: CaseIterable, Sendable {
  case simulated, recorded, faultySimulated, faultyRecorded, kvm
}

/// A backend on the bench: a script observes, applies and lets time pass, whatever the backend is.
///
/// The host: 4 cores at 1 GHz and 8 GiB. On it from t = 0, each of 2 vCPUs and 1 GiB: VM 1 wants 50 % of its size
/// (1 GHz), VM 3 100 % (2 GHz), VM 4 75 % (1.5 GHz): 4.5 GHz of 4. VMs 0 and 2 are off.
struct Rig {
  static let coreRate = Kilohertz.megahertz(1_000)
  static let vms = [VMIndex(1), VMIndex(3), VMIndex(4)]
  /// kHz, in the order of `vms`.
  static let demands: [Int64] = [1_000_000, 2_000_000, 1_500_000]

  var backend: any HypervisorBackend
  var manager = Rig.manager()
  let workspace = DecisionWorkspace()
  /// Nil behind a recording, where the world does what it did then.
  private let machine: Machine?
  /// Behind a KVM host.
  private let system: FakeSystem?
  private(set) var now = SimTime.zero

  init(
    _ backend: any HypervisorBackend, machine: Machine? = nil, system: FakeSystem? = nil
  ) {
    self.backend = backend
    self.machine = machine
    self.system = system
  }

  /// The share of its size that each VM wants, %.
  private static let percent: [Int64] = [0, 50, 10, 100, 75]

  static func machine() -> Machine {
    let machine = Machine(
      hosts: [
        HostSpec(
          name: "h", sockets: 1, coresPerSocket: 4, threadsPerCore: 1, coreRate: coreRate,
          memory: .gibibytes(8))
      ],
      vms: percent.map {
        GuestSpec(
          vcpus: 2, memory: .gibibytes(1),
          workload: GuestWorkload(cpu: .constant(.percent($0))))
        // Longer than any test: counters since the last call.
      }, observationInterval: .seconds(1_000_000))
    for vm in vms { machine.powerOn(vm, on: HostIndex(0), at: .zero) }
    return machine
  }

  /// The same guests on a KVM host, as its management interface shows them.
  static func system() -> FakeSystem {
    let system = FakeSystem(pcpus: 4, coreRate: coreRate.value, memory: 8 << 30)
    for vm in vms { start(vm, on: system) }
    return system
  }

  private static func name(_ vm: VMIndex) -> String { "vm-\(vm.int)" }

  private static func start(_ vm: VMIndex, on system: FakeSystem) {
    system.start(name(vm), vcpus: 2, memory: 1 << 30, demand: percent[vm.int] * 10_000)
  }

  static func kvm(_ system: FakeSystem) throws -> KVMHost {
    let folder = NSTemporaryDirectory() + "ballast-contract-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var host = KVMHost(
      system,
      membership: .named(ManagedNames(percent.indices.map { name(VMIndex($0)) }), DomainTerms()),
      mode: .apply, state: try StateFile(directory: folder, connection: "fake"))
    // A host that kept counters before: its first observation covers the time since now.
    var seen = HostObservation()
    try host.observe(into: &seen)
    return host
  }

  /// A manager of the three VMs. VM 3 has a limit; VM 4 a reservation and twice the weight.
  static func manager() -> ResourceManager {
    var manager = ResourceManager()
    manager.add(VMIndex(1), VMSettings(), at: .zero)
    manager.add(VMIndex(3), VMSettings(cpuLimit: 1_800_000), at: .zero)
    manager.add(VMIndex(4), VMSettings(cpuReservation: 500_000, cpuWeight: 2_000), at: .zero)
    return manager
  }

  /// A recording is being made: no fault is injected yet.
  var isRehearsal: Bool { backend is RecordingHost<SimulatedHost> }

  // MARK: What a script can do

  mutating func advance(seconds: Int64) { advance(by: .seconds(seconds)) }

  mutating func advance(by span: SimDuration) {
    now = now + span
    machine?.advance(HostIndex(0), to: now)
    system?.advance(by: span)
  }

  func powerOff(_ vm: VMIndex) {
    machine?.powerOff(vm, at: now)
    system?.stop(Self.name(vm))
  }

  func powerOn(_ vm: VMIndex) {
    machine?.powerOn(vm, on: HostIndex(0), at: now)
    if let system { Self.start(vm, on: system) }
  }

  mutating func observe() throws -> HostObservation {
    var seen = HostObservation()
    try backend.observe(into: &seen)
    return seen
  }

  /// The plan the rig's manager makes of an observation.
  mutating func decide(_ seen: HostObservation) -> HostPlan {
    var plan = HostPlan()
    manager.decide(seen, into: &plan, workspace: workspace)
    return plan
  }

  mutating func apply(_ plan: HostPlan) throws -> [ActuationFailure] { try backend.apply(plan) }

  /// Observe, decide, apply.
  mutating func step() throws -> (
    seen: HostObservation, plan: HostPlan, failures: [ActuationFailure]
  ) {
    let seen = try observe()
    let plan = decide(seen)
    return (seen, plan, try apply(plan))
  }
}

extension BackendKind {
  /// Runs a script against this kind of backend. A recording is first made of the same script.
  @discardableResult
  func run<Result>(
    faults: [[BackendFault]] = [], _ script: (inout Rig) throws -> Result
  ) throws -> Result {
    let machine = Rig.machine()
    let host = SimulatedHost(machine, HostIndex(0))
    var rig: Rig
    switch self {
    case .simulated:
      rig = Rig(host, machine: machine)
    case .faultySimulated:
      rig = Rig(FaultyBackend(host, faults: faults), machine: machine)
    case .recorded:
      rig = Rig(RecordedHost(try record(script)))
    case .kvm:
      let system = Rig.system()
      rig = Rig(try Rig.kvm(system), system: system)
    case .faultyRecorded:
      rig = Rig(FaultyBackend(RecordedHost(try record(script)), faults: faults))
    }
    return try script(&rig)
  }
}

/// The steps of a script on a simulated host.
func record<Result>(_ script: (inout Rig) throws -> Result) throws -> [RecordedStep] {
  let machine = Rig.machine()
  var rig = Rig(RecordingHost(SimulatedHost(machine, HostIndex(0))), machine: machine)
  _ = try script(&rig)
  return (rig.backend as! RecordingHost<SimulatedHost>).steps
}
