import BallastModel
import BallastUnits
import Glibc

/// The cold state of one VM: what is touched when something about it changes, not at every sample.
struct Guest {
  let vcpus: Int32
  /// Where it runs; nil while off.
  private(set) var host: HostIndex?
  private(set) var lastHost: HostIndex?
  /// When it was last powered on, ns.
  private(set) var onSince: Int64 = 0
  let configured: Int64
  var memory = GuestMemory()
  /// The curves being played. They go on in time while the VM is off.
  var cpu: DemandSource
  var memoryCurves: MemoryCurves

  init(_ spec: GuestSpec) {
    vcpus = Int32(spec.vcpus)
    configured = spec.memory.value
    cpu = spec.workload.cpu
    memoryCurves = MemoryCurves(spec.workload)
  }

  mutating func powerOn(host: HostIndex, at time: Int64) {
    self.host = host
    lastHost = host
    onSince = time
    memory = GuestMemory()
  }

  /// Goes on elsewhere with the memory it has.
  mutating func arrive(on host: HostIndex) {
    self.host = host
    lastHost = host
  }

  /// Other curves from now on.
  mutating func play(_ workload: GuestWorkload) {
    cpu = workload.cpu
    memoryCurves = MemoryCurves(workload)
  }

  mutating func powerOff() {
    host = nil
    memory = GuestMemory()
  }
}

/// Integrals of three rates since some instant, in kHz·ns: 100 GHz for a day is 10²², so 128 bits.
struct WorkCounter: BitwiseCopyable {
  var demand: Int128 = 0
  var unlimited: Int128 = 0
  var used: Int128 = 0

  mutating func add(demand: Int64, unlimited: Int64, used: Int64, for span: Int64) {
    self.demand += product(demand, span)
    self.unlimited += product(unlimited, span)
    self.used += product(used, span)
  }

  static func += (total: inout WorkCounter, part: WorkCounter) {
    total.demand += part.demand
    total.unlimited += part.unlimited
    total.used += part.used
  }

  private func product(_ rate: Int64, _ span: Int64) -> Int128 {
    let (high, low) = rate.multipliedFullWidth(by: span)
    return Int128(high) << 64 | Int128(low)
  }
}

/// The work of all VMs that earlier segments of an interval left. Zero pages until a VM's rates change inside an
/// interval, so a run whose changes fall on its samples keeps none of it in memory.
struct WorkCounters {
  let base: UnsafeMutablePointer<WorkCounter>

  init(count: Int) {
    let bytes = max(count, 1) * MemoryLayout<WorkCounter>.stride
    guard let memory = calloc(1, bytes) else { preconditionFailure("out of memory") }
    base = memory.bindMemory(to: WorkCounter.self, capacity: max(count, 1))
  }

  func deallocate() { free(base) }
}
