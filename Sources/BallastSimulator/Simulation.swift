import BallastKernel
import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// Runs a world from t = 0 to its end.
///
/// Hosts are independent between *meeting points*: power-ons and -offs, scheduled changes, failures, migrations,
/// balancing, control steps of clusters whose pools are divided over hosts, and the ends of sample windows. Between two
/// of them each host plays its own changes, control steps and samples, on any thread; what it does depends on nothing
/// else.
///
/// Order at one instant t: control steps (they observe up to t), samples (they cover up to t and see the decision), then
/// migrations that end, power and settings, restarts and balancing, then workload changes, then the new division of CPU.
public final class Simulation {
  let world: World
  /// Some VM is to make room for others by its balloon.
  let countsOnBalloons: Bool
  let machine: Machine
  let recorder: Recorder
  let lives: LifeBook
  let clusters: [ClusterControl]
  private let tiles: Tiles
  var threads: Int { tiles.threads }
  let controllers: [HostController]
  private var clusterOfHost: [Int]
  private let tileOfHost: [Int]
  private var queue = EventQueue<Change>()
  var vms: [ManagedVM]
  var migrations: MigrationQueue
  /// Hosts that changed at this instant and have to decide again.
  var touched: Set<HostIndex> = []
  /// Clusters in which room may have become free at this instant.
  var freed: Set<Int> = []
  /// By the index of the judgement that asked.
  var explanations: [Int: [EntitlementExplanation?]] = [:]
  /// Hosts that a policy will switch off once they are empty.
  var goingOff: Set<HostIndex> = []
  /// Failed hosts that were in maintenance, or are ordered into it: they recover into it.
  var maintenanceOnRecovery: Set<HostIndex> = []
  private(set) var now = SimTime.zero
  /// A VM may run out of memory: its cluster hears of that at the end of the sample, because the room it had is free.
  private let meetsAtSamples: Bool
  /// Ends of the samples that wait in the recorder's window.
  private var pending: [SimTime] = []

  /// A change at a meeting point. At one instant migrations end first, so that their room is free, then stops come, then
  /// starts, then scheduled events in the order they were written.
  enum Change {
    case endMigration(VMIndex, ticket: Int)
    case stunForMigration(VMIndex, ticket: Int)
    case stop(VMIndex)
    case start(VMIndex)
    case scheduled(Int)
    case restart(cluster: Int)
    case balance(cluster: Int)
    case explain(Int)

    var phase: UInt8 {
      switch self {
      case .endMigration: 0
      case .stunForMigration: 1
      case .stop: 2
      case .start: 3
      case .scheduled: 4
      case .restart: 5
      case .balance: 6
      case .explain: 7
      }
    }
  }

  /// - Parameter threads: work on hosts in parallel; the result does not depend on it.
  public convenience init(
    _ world: World, sink: any RunSink, threads: Int = 1
  ) throws(RunSinkError) {
    try self.init(world, sink: sink, threads: threads, watching: [])
  }

  /// - Parameter watched: VMs to be explained: what is decided about them is kept, and entitlements are followed even
  ///   where nothing recorded needs them. What happens does not depend on it.
  init(
    _ world: World, sink: any RunSink, threads: Int, watching watched: [VMIndex]
  ) throws(RunSinkError) {
    self.world = world
    countsOnBalloons = world.countsOnBalloons
    meetsAtSamples = world.canKill
    tiles = Tiles(count: world.hosts.count, threads: threads)
    let followsEntitlements = !watched.isEmpty || Recorder.followsEntitlements(world)
    machine = Machine(
      hosts: world.hosts,
      vms: world.guestSpecs,
      observationInterval: followsEntitlements || world.managesMemory
        ? world.controlInterval : nil,
      sampling: world.hasSamplers
        ? world.vms.map { RandomStream(seed: world.seed, named: "working-set/\($0.name)") } : nil,
      memory: world.memorySetup)
    if !followsEntitlements {
      for host in world.hosts.indices { machine.setObserved(HostIndex(host), false) }
    }
    lives = LifeBook(world: world, watching: Set(watched.map { world.vms[$0.int].name }))
    recorder = try Recorder(
      world: world, machine: machine, lives: lives, sink: sink, tileCount: tiles.ranges.count,
      followsEntitlements: followsEntitlements)
    let machine = machine
    controllers = tiles.ranges.map {
      HostController(
        world: world, machine: machine, hosts: $0, followsEntitlements: followsEntitlements,
        watching: watched)
    }
    clusters = world.clusters.indices.map { ClusterControl($0, of: world) }
    clusterOfHost = [Int](repeating: 0, count: world.hosts.count)
    for (cluster, spec) in world.clusters.enumerated() {
      for host in spec.hosts { clusterOfHost[host.int] = cluster }
    }
    tileOfHost = tiles.ranges.enumerated().flatMap { tile, range in range.map { _ in tile } }
    migrations = MigrationQueue(
      hostCount: world.hosts.count, vmCount: world.vms.count,
      concurrentPerHost: world.profile.migration.concurrentPerHost)
    vms = world.vms.map(ManagedVM.init)
    for (index, vm) in world.vms.enumerated() {
      schedule(.start(VMIndex(index)), at: vm.start)
      if let stop = vm.stop { schedule(.stop(VMIndex(index)), at: stop) }
    }
    for (index, event) in world.events.enumerated() { schedule(.scheduled(index), at: event.at) }
    for cluster in clusters.indices { scheduleBalance(of: cluster, after: .zero) }
    for host in world.hostsDown { setHost(host, .failed, booked: .failed) }
    for (index, judgement) in world.judgements.enumerated() {
      if case .explanation(_, let at, _, _) = judgement.target,
        at.value < world.duration.value
      {
        schedule(.explain(index), at: at)
      }
    }
  }

  func schedule(_ change: Change, at time: SimTime) {
    queue.push(change, at: time, phase: change.phase)
  }

  /// Powers on what starts at t = 0 and lets the managers decide. `run` does it where it has not been done.
  public func start() throws(RunSinkError) {
    if now == .zero { try takeChanges() }
  }

  /// Runs to the end of the world's duration, or until asked to stop.
  ///
  /// - Parameters:
  ///   - progress: called at meeting points with the simulated time.
  ///   - shouldStop: asked at meeting points; true ends the run early, marked incomplete.
  public func run(
    progress: (SimTime) -> Void = { _ in }, shouldStop: () -> Bool = { false }
  ) throws(RunSinkError) -> RunRecord {
    let end = SimTime(world.duration.value)
    try start()
    try advance(to: end, progress: progress, shouldStop: shouldStop)
    // Stopped in the middle of a window: its samples were taken and are kept.
    if !pending.isEmpty { try recorder.flush(pending, clusters: clusters.map(\.view)) }
    // What the run left off with; changes at its very end do not happen any more.
    for (index, judgement) in world.judgements.enumerated() where explanations[index] == nil {
      if case .explanation(_, let at, _, _) = judgement.target, at <= now {
        explainForVerdict(index)
      }
    }
    return try recorder.finish(
      simulated: SimDuration(now.value), isComplete: now == end, figures: policyFigures(),
      explanations: explanations)
  }

  /// Runs to an instant, the changes at it included; at the end of the run there are none.
  func advance(
    to goal: SimTime, progress: (SimTime) -> Void, shouldStop: () -> Bool
  ) throws(RunSinkError) {
    let end = SimTime(world.duration.value)
    let goal = min(goal, end)
    while now < goal {
      if shouldStop() { break }
      let windowEnd = endOfWindow()
      let meeting = min(queue.peek()?.time ?? end, windowEnd, clusterStepDue(), goal)
      assert(meeting > now, "an instant is met once")
      play(to: meeting)
      now = meeting
      if now == windowEnd || queue.peek()?.time == now || now == end {
        try recorder.flush(pending, clusters: clusters.map(\.view))
        pending.removeAll(keepingCapacity: true)
        try reportOvercommit()
        try reportMemory()
        progress(now)
      }
      if now < end { try takeChanges() }
    }
  }

  // MARK: Time

  /// When the buffers of the window will be full.
  private func endOfWindow() -> SimTime {
    if meetsAtSamples { return world.sampleEnd(after: now) }
    let lastSample = now.value / world.recordInterval.value
    let room = Int64(recorder.window - pending.count)
    return SimTime(min((lastSample + room) * world.recordInterval.value, world.duration.value))
  }

  /// The next control step of the clusters whose hosts must meet for it.
  private func clusterStepDue() -> SimTime {
    clusters.reduce(.never) { $1.manager.dividesPools ? min($0, stepDue(of: $1)) : $0 }
  }

  /// When one of its hosts is due, or what was seen has waited for its pools' refresh.
  private func stepDue(of cluster: ClusterControl) -> SimTime {
    var due = SimTime.never
    if let time = cluster.manager.heldBackUntil {
      let interval = world.controlInterval.value
      due = SimTime((time.value + interval - 1) / interval * interval)
    }
    for host in cluster.hosts { due = min(due, controller(of: host).due(host)) }
    return due
  }

  /// Advances all hosts to a meeting point, with the control steps and samples on the way and at it.
  private func play(to meeting: SimTime) {
    let samples = SampleClock(world, after: now, upTo: meeting, slot: pending.count)
    let (recorder, controllers) = (Unchecked(recorder), Unchecked(controllers))
    let (clusters, clusterOfHost) = (Unchecked(clusters), clusterOfHost)
    tiles.perform { tile, hosts in
      for host in hosts {
        let cluster = clusters.value[clusterOfHost[host]]
        controllers.value[tile].play(
          HostIndex(host), to: meeting, samples: samples, tile: tile,
          cluster: cluster.manager.dividesPools ? nil : cluster, recorder: recorder.value)
      }
    }
    var clock = samples
    while clock.next != .never {
      pending.append(clock.next)
      clock.advance()
    }
    let meeters = clusters.value.filter(\.manager.dividesPools)
    for cluster in meeters where stepDue(of: cluster) == meeting {
      step(cluster, at: meeting)
    }
    guard !meeters.isEmpty, pending.last == meeting else { return }
    let last = SampleClock(
      world, after: world.sampleEnd(before: meeting), upTo: meeting, slot: pending.count - 1)
    tiles.perform { tile, hosts in
      for host in hosts where clusters.value[clusterOfHost[host]].manager.dividesPools {
        controllers.value[tile].sample(
          HostIndex(host), last, tile: tile, recorder: recorder.value)
      }
    }
  }

  func controller(of host: HostIndex) -> HostController {
    controllers[tileOfHost[host.int]]
  }

  // MARK: Control

  /// One control step of a whole cluster: all hosts are observed, the pools divided, and every host decides.
  private func step(_ cluster: ClusterControl, at time: SimTime) {
    for (position, host) in cluster.hosts.enumerated() {
      controller(of: host).observe(host, into: &cluster.seen[position])
    }
    cluster.dividePools()
    for (position, host) in cluster.hosts.enumerated() {
      controller(of: host).decide(
        host, seen: cluster.seen[position], manager: &cluster.managers[position],
        recorder: recorder, at: time)
    }
  }

  /// Settings or membership changed: the hosts concerned decide at once.
  private func reconfigure(_ hosts: Set<HostIndex>) {
    for cluster in clusters {
      if cluster.manager.dividesPools {
        guard cluster.hosts.contains(where: hosts.contains) else { continue }
        for host in cluster.hosts {
          controller(of: host).countSteps(host, through: now, recorder: recorder)
        }
        step(cluster, at: now)
      } else {
        for (position, host) in cluster.hosts.enumerated() where hosts.contains(host) {
          controller(of: host).countSteps(host, through: now, recorder: recorder)
          controller(of: host).step(
            host, manager: &cluster.managers[position], recorder: recorder, at: now)
        }
      }
    }
  }

  // MARK: Changes

  private func takeChanges() throws(RunSinkError) {
    var explained: [Int] = []
    if let next = queue.peek(), next.time <= now { noteMemoryLeast() }
    // Who moves into freed room and has next to nothing to copy stops at once.
    repeat {
      while let next = queue.peek(), next.time <= now {
        _ = queue.pop()
        switch next.payload {
        case .endMigration(let vm, let ticket): try endMigration(of: vm, ticket: ticket)
        case .stunForMigration(let vm, let ticket): stunForMigration(vm, ticket: ticket)
        case .start(let vm): try start(vm)
        case .stop(let vm): try stop(vm)
        case .scheduled(let index): try take(world.events[index].action)
        case .restart(let cluster): try restart(from: cluster)
        case .balance(let cluster): try balance(cluster)
        case .explain(let judgement): explained.append(judgement)
        }
      }
      try useFreedRoom()
    } while queue.peek().map { $0.time <= now } ?? false
    if !touched.isEmpty {
      let changed = touched
      touched.removeAll(keepingCapacity: true)
      reconfigure(changed)
      try reportOvercommit()
      try reportMemory()
      try reportShortfalls(on: changed)
    }
    for judgement in explained { explainForVerdict(judgement) }
  }

  /// Restarts that are due at this instant, cluster by cluster in order of names, whichever failed first.
  private func restart(from first: Int) throws(RunSinkError) {
    var due: Set = [first]
    while let next = queue.peek(), next.time <= now, case .restart(let cluster) = next.payload {
      _ = queue.pop()
      due.insert(cluster)
    }
    for cluster in due.sorted() { try restartWaiting(in: cluster) }
  }

  private func take(_ action: World.Event.Action) throws(RunSinkError) {
    switch action {
    case .power(let subjects, let on):
      for vm in subjects {
        if on { try start(vm, with: subjects) } else { try stop(vm) }
      }
    case .setVMs(let subjects, let cpu, let memory):
      for vm in subjects { try set(vm, cpu, memory) }
    case .setWorkload(let subjects, let workloads, let what):
      for (vm, workload) in zip(subjects, workloads) { try set(vm, workload, what) }
    case .setPool(let cluster, let path, let change):
      try set(pool: path, of: clusters[cluster], change)
    case .fail(let hosts):
      for host in hosts { try fail(host) }
    case .recover(let hosts):
      for host in hosts { try recover(host) }
    case .maintenance(let hosts, let on):
      for host in hosts {
        if on { try beginMaintenance(of: host) } else { try endMaintenance(of: host) }
      }
    case .migrate(let subjects, let host):
      for vm in subjects { try migrate(vm, to: host) }
    }
  }

  func cluster(of host: HostIndex) -> ClusterControl { clusters[clusterOfHost[host.int]] }
  func clusterIndex(of host: HostIndex) -> Int { clusterOfHost[host.int] }
}

/// Lets a value cross to other threads where each touches only its own part of it.
struct Unchecked<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
