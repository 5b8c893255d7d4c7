import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// Drives the hosts of one tile: advances them, runs their control steps and takes their samples. Used by one thread at a
/// time.
///
/// A decision is a function of its settings and of what is observed, so a host that shows the same as at its last step
/// is not asked again: an unchanged host costs nothing, however short the control interval.
final class HostController: @unchecked Sendable {
  private let world: World
  private let machine: Machine
  private let first: Int
  private let followsEntitlements: Bool
  /// A policy takes memory back: hosts whose memory is in trouble decide at every control step.
  private let managesMemory: Bool
  /// A host that has failed is short of nothing when it comes back.
  func forgetMemoryState(of host: HostIndex) {
    states[host.int - first] = .high
    unbacked[host.int - first] = []
  }

  /// Changes of hosts' memory states since they were last asked for.
  private var stateChanges: [MemoryStateChange] = []
  private var states: [MemoryState]
  /// Likewise of pools that are promised more than their hosts have.
  private var promiseChanges: [PoolPromiseChange] = []
  private var unbacked: [[UnbackedPool]]
  /// Samples differ from step to step although nothing changes.
  private let samplesMemory: Bool
  private let interval: Int64
  private var backends: [SimulatedHost]
  /// Next control step that can change something; `never` where nobody follows entitlements.
  private let dueTimes: UnsafeMutablePointer<SimTime>
  /// Control steps up to this instant are counted in the entitlement book.
  private let countedTo: UnsafeMutablePointer<SimTime>
  private var loop = ControlLoop(workspace: DecisionWorkspace())
  /// Where its VMs lacked most.
  private(set) var worst = WorstMoments()
  private let watched: [VMIndex]
  /// Of hosts where a watched VM is: what the last decision rests on.
  private var lastSeen: [HostObservation?]

  init(
    world: World, machine: Machine, hosts: Range<Int>, followsEntitlements: Bool,
    watching watched: [VMIndex]
  ) {
    self.watched = watched
    lastSeen = [HostObservation?](repeating: nil, count: watched.isEmpty ? 0 : hosts.count)
    self.world = world
    self.machine = machine
    self.followsEntitlements = followsEntitlements
    samplesMemory = world.samplesMemory && world.memory == nil
    managesMemory = world.managesMemory
    states = [MemoryState](repeating: .high, count: hosts.count)
    unbacked = [[UnbackedPool]](repeating: [], count: hosts.count)
    first = hosts.lowerBound
    interval = world.controlInterval.value
    backends = hosts.map { SimulatedHost(machine, HostIndex($0)) }
    dueTimes = .allocate(capacity: max(hosts.count, 1))
    dueTimes.initialize(repeating: .never, count: hosts.count)
    countedTo = .allocate(capacity: max(hosts.count, 1))
    countedTo.initialize(repeating: .zero, count: hosts.count)
  }

  deinit {
    dueTimes.deallocate()
    countedTo.deallocate()
  }

  func due(_ host: HostIndex) -> SimTime { dueTimes[host.int - first] }

  /// What the last decision of a host rests on, if a watched VM was on it.
  func lastSeen(_ host: HostIndex) -> HostObservation? { lastSeen[host.int - first] }

  /// Plays one host from `start` to `meeting`.
  ///
  /// - Parameter cluster: its cluster if the host decides on its own, steps and samples at the meeting included; nil if
  ///   the whole cluster meets, and steps and samples there are the caller's.
  func play(
    _ host: HostIndex, to meeting: SimTime, samples: SampleClock, tile: Int,
    cluster: ClusterControl?, recorder: Recorder
  ) {
    var samples = samples
    defer { recorder.endStretch(tile: tile) }
    while true {
      let due = cluster == nil ? .never : due(host)
      let next = min(meeting, samples.next, due)
      if cluster != nil && managesMemory && !machine.needsMemoryDecision(host) {
        let reached = machine.advanceUntilTroubled(host, to: next)
        if reached < next {
          machine.setObserved(host, true)
          dueTimes[host.int - first] = min(due, memoryStepTime(host, after: reached))
          continue
        }
      } else {
        machine.advance(host, to: next)
      }
      if cluster == nil && next == meeting { return }
      if let cluster, due == next {
        step(
          host, manager: &cluster.managers[cluster.position(of: host)], recorder: recorder,
          at: next)
      }
      if samples.next == next {
        sample(host, samples, tile: tile, recorder: recorder)
        samples.advance()
      }
      if next == meeting { return }
    }
  }

  func sample(_ host: HostIndex, _ samples: SampleClock, tile: Int, recorder: Recorder) {
    countSteps(host, through: samples.next, recorder: recorder)
    recorder.record(
      host, at: samples.next, interval: samples.interval, slot: samples.slot, tile: tile)
  }

  // MARK: Control steps

  /// Observes, decides and applies, at an instant of the control interval or because settings changed.
  func step(
    _ host: HostIndex, manager: inout ResourceManager, recorder: Recorder, at time: SimTime
  ) {
    countSteps(host, before: time, recorder: recorder)
    askForMemory(host, &manager)
    do throws(BackendError) {
      _ = try loop.step(&backends[host.int - first], &manager)
    } catch {
      preconditionFailure("a simulated host answers: \(error)")
    }
    keep(loop.seen, of: host)
    decided(host, manager, at: time, recorder: recorder)
  }

  /// The first half of a step, for clusters whose hosts meet.
  func observe(_ host: HostIndex, into seen: inout HostObservation) {
    do throws(BackendError) {
      try backends[host.int - first].observe(into: &seen)
    } catch {
      preconditionFailure("a simulated host answers: \(error)")
    }
  }

  /// The second half.
  func decide(
    _ host: HostIndex, seen: HostObservation, manager: inout ResourceManager,
    recorder: Recorder, at time: SimTime
  ) {
    countSteps(host, before: time, recorder: recorder)
    askForMemory(host, &manager)
    do throws(BackendError) {
      _ = try loop.apply(seen, &backends[host.int - first], &manager)
    } catch {
      preconditionFailure("a simulated host answers: \(error)")
    }
    keep(seen, of: host)
    decided(host, manager, at: time, recorder: recorder)
  }

  /// Memory is decided about where it is in trouble, and only then: so the same happens whether or not somebody follows
  /// entitlements, which asks for more steps.
  private func askForMemory(_ host: HostIndex, _ manager: inout ResourceManager) {
    manager.decidesMemory = !managesMemory || machine.needsMemoryDecision(host)
  }

  private func keep(_ seen: HostObservation, of host: HostIndex) {
    if watched.contains(where: { machine.host(of: $0) == host }) {
      lastSeen[host.int - first] = seen
    }
  }

  private func decided(
    _ host: HostIndex, _ manager: borrowing ResourceManager, at time: SimTime, recorder: Recorder
  ) {
    if managesMemory {
      if world.knowsMemoryStates { noteState(of: host, manager, at: time, recorder: recorder) }
      notePromises(of: host, manager.unbackedPools, at: time)
      let hasDecided = manager.decidesMemory
      if hasDecided, manager.memoryDecision.isQuiet { machine.noteQuiet(host) }
    }
    guard followsEntitlements else {
      let isNeeded = managesMemory && machine.needsMemoryDecision(host)
      machine.setObserved(host, isNeeded)
      dueTimes[host.int - first] = isNeeded ? memoryStepTime(host, after: time) : .never
      return
    }
    recorder.entitlements.note(loop.plan)
    let coreRate = machine.coreRate(of: host).value
    for row in loop.plan.vms.indices {
      // Demand that was never seen is −1 and lacks nothing.
      let unmet = manager.observedDemand(row: row) - loop.plan.cpuEntitlement[row]
      if unmet > 0 {
        let vm = loop.plan.vms[row]
        worst.note(vm, unmet: unmet, size: Int64(machine.vcpus(of: vm)) * coreRate, at: time)
      }
    }
    dueTimes[host.int - first] = nextDue(host, after: time)
  }

  private func noteState(
    of host: HostIndex, _ manager: borrowing ResourceManager, at time: SimTime,
    recorder: Recorder
  ) {
    let decision = manager.memoryDecision
    let old = states[host.int - first]
    guard decision.state != old else { return }
    states[host.int - first] = decision.state
    recorder.noteMemoryState(decision.state, of: host)
    stateChanges.append(
      MemoryStateChange(
        time: time, host: host, from: old, to: decision.state, free: Bytes(decision.free),
        wanted: Bytes(decision.wanted)))
  }

  /// Which pools are short is news, by how much is not.
  private func notePromises(of host: HostIndex, _ now: [UnbackedPool], at time: SimTime) {
    let old = unbacked[host.int - first]
    if now.isEmpty && old.isEmpty { return }
    unbacked[host.int - first] = now
    for pool in now where !old.contains(where: { $0.pool == pool.pool }) {
      promiseChanges.append(
        PoolPromiseChange(time: time, host: host, isShort: true, pool: pool))
    }
    for pool in old where !now.contains(where: { $0.pool == pool.pool }) {
      promiseChanges.append(
        PoolPromiseChange(time: time, host: host, isShort: false, pool: pool))
    }
  }

  /// Pools that cannot be kept what they are promised, or can again, since the last call, likewise.
  func takePromiseChanges() -> [PoolPromiseChange] {
    defer { promiseChanges.removeAll(keepingCapacity: true) }
    return promiseChanges
  }

  /// Changes of hosts' memory states since the last call, in order of time for each host.
  func takeStateChanges() -> [MemoryStateChange] {
    defer { stateChanges.removeAll(keepingCapacity: true) }
    return stateChanges
  }

  /// After a change the next step sees a mixture and the one after it the new state whole; then nothing new is seen
  /// until the next change.
  private func nextDue(_ host: HostIndex, after time: SimTime) -> SimTime {
    if managesMemory && machine.needsMemoryDecision(host) {
      return memoryStepTime(host, after: time)
    }
    if samplesMemory { return stepTime(after: time) }
    let wasSteady =
      time.value % interval == 0 && machine.lastChange(of: host).value <= time.value - interval
    return stepTime(after: wasSteady ? machine.nextChange(of: host) : time)
  }

  /// While guests wait for memory, their hypervisor does not wait for its next round.
  ///
  /// Source  ESXi recomputes its targets periodically and whenever free memory crosses a threshold.
  private func memoryStepTime(_ host: HostIndex, after time: SimTime) -> SimTime {
    min(stepTime(after: time), machine.nextShortage(of: host, after: time))
  }

  /// Something changed that no manager is told of: the next instant of the control interval may see it.
  func guestChanged(on host: HostIndex, at time: SimTime) {
    guard followsEntitlements else { return }
    dueTimes[host.int - first] = min(dueTimes[host.int - first], stepTime(after: time))
  }

  /// The first instant of the control interval after `time`.
  private func stepTime(after time: SimTime) -> SimTime {
    time == .never ? .never : SimTime((time.value / interval + 1) * interval)
  }

  // MARK: Counting steps for mean entitlements

  /// Counts the steps before `time`; call before a step at `time` changes the grants.
  private func countSteps(_ host: HostIndex, before time: SimTime, recorder: Recorder) {
    if time > .zero { countSteps(host, through: SimTime(time.value - 1), recorder: recorder) }
  }

  /// Counts the steps up to and at `time`; call before a change of settings or membership at `time`, which comes after
  /// the step, changes the grants or the VMs of the host.
  func countSteps(_ host: HostIndex, through time: SimTime, recorder: Recorder) {
    guard followsEntitlements else { return }
    let last = countedTo[host.int - first].value
    guard time.value > last else { return }
    let steps = time.value / interval - last / interval
    countedTo[host.int - first] = time
    guard steps > 0 else { return }
    machine.forEachVM(on: host) { recorder.entitlements.count($0, steps: steps) }
  }
}

/// Walks the ends of samples within one stretch between meeting points.
struct SampleClock {
  private let step: Int64
  private let duration: Int64
  private let last: SimTime
  /// End of the next sample; `never` when the stretch has no more.
  private(set) var next: SimTime = .never
  private(set) var interval: SimDuration = .zero
  /// Its place in the window.
  private(set) var slot: Int

  /// The samples that end in (start, last].
  init(_ world: World, after start: SimTime, upTo last: SimTime, slot: Int) {
    step = world.recordInterval.value
    duration = world.duration.value
    self.last = last
    self.slot = slot
    begin(at: start.value / step * step)
  }

  mutating func advance() {
    slot += 1
    begin(at: next.value)
  }

  /// The sample that begins at `start`, a multiple of the interval or the end of the run.
  private mutating func begin(at start: Int64) {
    let end = min(start + step, duration)
    next = start < duration && end <= last.value ? SimTime(end) : .never
    interval = SimDuration(end - start)
  }
}

/// A host's memory got scarcer or more plentiful, as its manager sees it.
struct MemoryStateChange {
  var time: SimTime
  var host: HostIndex
  var from: MemoryState
  var to: MemoryState
  var free: Bytes
  var wanted: Bytes
}

/// A pool's memory reservation is no longer backed on a host, or is again.
struct PoolPromiseChange {
  var time: SimTime
  var host: HostIndex
  var isShort: Bool
  var pool: UnbackedPool
}
