import BallastKernel
import BallastMachine
import BallastManager
import BallastModel
import BallastUnits

/// Runs a world from t = 0 to its end.
///
/// Hosts are independent between *meeting points*: power-ons and -offs, scheduled changes, control steps of clusters
/// whose pools are divided over hosts, and the ends of sample windows. Between two of them each host plays its own
/// changes, control steps and samples, on any thread; what it does depends on nothing else.
///
/// Order at one instant t: control steps (they observe up to t), samples (they cover up to t and see the decision), then
/// power and settings, then workload changes, then the new division of CPU.
public final class Simulation {
  private let world: World
  private let machine: Machine
  private let recorder: Recorder
  private let tiles: Tiles
  private let controllers: [HostController]
  private let clusters: [ClusterControl]
  private var clusterOfHost: [Int]
  private let tileOfHost: [Int]
  private var queue = EventQueue<Change>()
  private let placement: any PlacementPolicy
  private var bookings: Bookings
  private var vms: [ManagedVM]
  private var now = SimTime.zero
  /// Ends of the samples that wait in the recorder's window.
  private var pending: [SimTime] = []

  /// A change at a meeting point. At one instant stops come first, so that starts find the room, then starts, then
  /// scheduled events in the order they were written.
  private enum Change {
    case stop(VMIndex)
    case start(VMIndex)
    case scheduled(Int)

    var phase: UInt8 {
      switch self {
      case .stop: 0
      case .start: 1
      case .scheduled: 2
      }
    }
  }

  /// - Parameter threads: work on hosts in parallel; the result does not depend on it.
  public init(_ world: World, sink: any RunSink, threads: Int = 1) throws(RunSinkError) {
    self.world = world
    tiles = Tiles(count: world.hosts.count, threads: threads)
    let followsEntitlements = Recorder.followsEntitlements(world)
    machine = Machine(
      hosts: world.hosts,
      vms: world.vms.map { GuestSpec(vcpus: $0.vcpus, memory: $0.memory, workload: $0.workload) },
      observationInterval: followsEntitlements ? world.controlInterval : nil)
    recorder = try Recorder(
      world: world, machine: machine, sink: sink, tileCount: tiles.ranges.count)
    let machine = machine
    controllers = tiles.ranges.map {
      HostController(
        world: world, machine: machine, hosts: $0, followsEntitlements: followsEntitlements)
    }
    clusters = world.clusters.map { ClusterControl($0, profile: world.profile) }
    clusterOfHost = [Int](repeating: 0, count: world.hosts.count)
    for (cluster, spec) in world.clusters.enumerated() {
      for host in spec.hosts { clusterOfHost[host.int] = cluster }
    }
    tileOfHost = tiles.ranges.enumerated().flatMap { tile, range in range.map { _ in tile } }
    guard let entry = placementCatalog.first(where: { $0.name == world.placement }) else {
      preconditionFailure("a placement policy is checked when the scenario is read")
    }
    placement = entry.make()
    bookings = Bookings(world)
    vms = world.vms.map(ManagedVM.init)
    for (index, vm) in world.vms.enumerated() {
      schedule(.start(VMIndex(index)), at: vm.start)
      if let stop = vm.stop { schedule(.stop(VMIndex(index)), at: stop) }
    }
    for (index, event) in world.events.enumerated() { schedule(.scheduled(index), at: event.at) }
  }

  private func schedule(_ change: Change, at time: SimTime) {
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
    while now < end {
      if shouldStop() { break }
      let windowEnd = endOfWindow()
      let meeting = min(queue.peek()?.time ?? end, windowEnd, clusterStepDue(), end)
      play(to: meeting)
      now = meeting
      if now == windowEnd || queue.peek()?.time == now || now == end {
        try recorder.flush(pending, clusters: clusters.map(\.view))
        pending.removeAll(keepingCapacity: true)
        try reportOvercommit()
        progress(now)
      }
      if now < end { try takeChanges() }
    }
    // Stopped in the middle of a window: its samples were taken and are kept.
    if !pending.isEmpty { try recorder.flush(pending, clusters: clusters.map(\.view)) }
    return try recorder.finish(simulated: SimDuration(now.value), isComplete: now == end)
  }

  // MARK: Time

  /// When the buffers of the window will be full.
  private func endOfWindow() -> SimTime {
    let lastSample = now.value / world.recordInterval.value
    let room = Int64(recorder.window - pending.count)
    return SimTime(min((lastSample + room) * world.recordInterval.value, world.duration.value))
  }

  /// The next control step of a cluster whose hosts must meet for it.
  private func clusterStepDue() -> SimTime {
    var due = SimTime.never
    for cluster in clusters where cluster.manager.dividesPools {
      for host in cluster.hosts { due = min(due, controller(of: host).due(host)) }
    }
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
    for cluster in meeters
    where cluster.hosts.contains(where: { controller(of: $0).due($0) == meeting }) {
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

  private func controller(of host: HostIndex) -> HostController {
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
    var touched: Set<HostIndex> = []
    while let next = queue.peek(), next.time <= now {
      _ = queue.pop()
      switch next.payload {
      case .start(let vm): try start(vm, &touched)
      case .stop(let vm): try stop(vm, &touched)
      case .scheduled(let index): try take(world.events[index].action, &touched)
      }
    }
    if !touched.isEmpty {
      reconfigure(touched)
      try reportOvercommit()
    }
  }

  private func start(_ vm: VMIndex, _ touched: inout Set<HostIndex>) throws(RunSinkError) {
    guard machine.host(of: vm) == nil else { return }
    let spec = world.vms[vm.int]
    let cluster = clusters[spec.cluster]
    let host: HostIndex
    let policy: String
    if let fixed = spec.host {
      host = fixed
      policy = "host"
    } else if let position = bookings.choose(vm, by: placement) {
      host = cluster.hosts[position]
      policy = world.placement
    } else {
      preconditionFailure("a cluster has hosts; that is checked when the scenario is read")
    }
    bookings.place(vm, on: host)
    recorder.memoryWillChange(of: vm)
    controller(of: host).countSteps(host, through: now, recorder: recorder)
    machine.powerOn(vm, on: host, at: now)
    recorder.poweredOn(vm, on: host)
    let settings = vms[vm.int].settings(
      spec, pool: cluster.manager.tree.index(of: spec.pool)!,
      coreRate: machine.coreRate(of: host), profile: world.profile)
    cluster.add(vm, settings, on: host, at: now)
    touched.insert(host)
    try recorder.event(
      "power_on", at: now, subject: spec.name, to: machine.spec(of: host).name,
      detail: "placement=\(policy)")
  }

  private func stop(_ vm: VMIndex, _ touched: inout Set<HostIndex>) throws(RunSinkError) {
    guard let host = machine.host(of: vm) else { return }
    let spec = world.vms[vm.int]
    bookings.remove(vm)
    recorder.memoryWillChange(of: vm)
    controller(of: host).countSteps(host, through: now, recorder: recorder)
    machine.powerOff(vm, at: now)
    clusters[spec.cluster].remove(vm, on: host)
    touched.insert(host)
    try recorder.event(
      "power_off", at: now, subject: spec.name, from: machine.spec(of: host).name)
  }

  private func take(
    _ action: World.Event.Action, _ touched: inout Set<HostIndex>
  ) throws(RunSinkError) {
    switch action {
    case .power(let subjects, let on):
      for vm in subjects {
        if on { try start(vm, &touched) } else { try stop(vm, &touched) }
      }
    case .setVMs(let subjects, let cpu, let memory):
      for vm in subjects { try set(vm, cpu, memory, &touched) }
    case .setWorkload(let subjects, let workloads, let what):
      for (vm, workload) in zip(subjects, workloads) {
        recorder.memoryWillChange(of: vm)
        machine.setWorkload(vm, workload, at: now)
        if let host = machine.host(of: vm) {
          controller(of: host).guestChanged(on: host, at: now)
        }
        try recorder.event("workload", at: now, subject: world.vms[vm.int].name, detail: what)
      }
    case .setPool(let cluster, let path, let change):
      try set(pool: path, of: clusters[cluster], change, &touched)
    }
  }

  private func set(
    _ vm: VMIndex, _ cpu: SettingsChange<Kilohertz>, _ memory: SettingsChange<Bytes>,
    _ touched: inout Set<HostIndex>
  ) throws(RunSinkError) {
    let spec = world.vms[vm.int]
    let host = machine.host(of: vm)
    let (oldCPU, oldMemory) = (vms[vm.int].cpu, vms[vm.int].memory)
    vms[vm.int].cpu = cpu.applied(to: oldCPU)
    vms[vm.int].memory = memory.applied(to: oldMemory)
    bookings.configure(vm, cpuReservation: vms[vm.int].cpu.reservation.value)
    if let host {
      let cluster = clusters[spec.cluster]
      cluster.configure(
        vm,
        vms[vm.int].settings(
          spec, pool: cluster.manager.tree.index(of: spec.pool)!,
          coreRate: machine.coreRate(of: host), profile: world.profile), on: host)
      touched.insert(host)
    }
    try reportChange(of: spec.name, "cpu", from: oldCPU, to: vms[vm.int].cpu)
    try reportChange(of: spec.name, "memory_policy", from: oldMemory, to: vms[vm.int].memory)
  }

  private func set(
    pool path: String, of cluster: ClusterControl, _ change: PoolChange,
    _ touched: inout Set<HostIndex>
  ) throws(RunSinkError) {
    guard let pool = cluster.manager.tree.index(of: path) else {
      preconditionFailure("pools are found when the scenario is read")
    }
    let old = cluster.manager.tree.pools[pool]
    cluster.configure(pool: pool, change)
    let new = cluster.manager.tree.pools[pool]
    touched.formUnion(cluster.hosts)
    try reportChange(of: path, "cpu", from: old.cpu, to: new.cpu)
    try reportChange(of: path, "memory", from: old.memory, to: new.memory)
  }

  /// One row per setting that differs.
  private func reportChange<Amount>(
    of subject: String, _ resource: String, from old: ResourceSettings<Amount>,
    to new: ResourceSettings<Amount>
  ) throws(RunSinkError) {
    func text(_ limit: Amount?) -> String { limit.map { "\($0)" } ?? "unlimited" }
    func text(_ shares: SharesSetting?) -> String {
      switch shares {
      case nil: "default"
      case .low: "low"
      case .normal: "normal"
      case .high: "high"
      case .number(let number): "\(number)"
      }
    }
    let differences: [(key: String, from: String, to: String)] = [
      ("reservation", "\(old.reservation)", "\(new.reservation)"),
      ("limit", text(old.limit), text(new.limit)),
      ("shares", text(old.shares), text(new.shares)),
    ]
    for difference in differences where difference.from != difference.to {
      try recorder.event(
        "set", at: now, subject: subject, from: difference.from, to: difference.to,
        detail: "key=\(resource).\(difference.key)")
    }
  }

  private func reportOvercommit() throws(RunSinkError) {
    var changes: [(HostIndex, OvercommitChange)] = []
    for host in world.hosts.indices {
      changes += machine.takeOvercommitChanges(HostIndex(host)).map { (HostIndex(host), $0) }
    }
    changes.sort { ($0.1.time, $0.0) < ($1.1.time, $1.0) }
    for (host, change) in changes {
      let capacity = machine.memoryCapacity(of: host)
      let short = change.consumed - capacity
      try recorder.event(
        "overcommitted", at: change.time, subject: machine.spec(of: host).name,
        from: change.isOvercommitted ? "false" : "true",
        to: change.isOvercommitted ? "true" : "false",
        detail: "consumed_mib=\(decimal(change.consumed.milliMebibytes, places: 3))"
          + " capacity_mib=\(decimal(capacity.milliMebibytes, places: 3))"
          + " short_mib=\(decimal(max(short, .zero).milliMebibytes, places: 3))"
          + " reclaim=not_modelled_yet")
    }
  }
}

/// A VM's settings as they stand after scheduled changes.
struct ManagedVM {
  var cpu: ResourceSettings<Kilohertz>
  var memory: ResourceSettings<Bytes>

  init(_ vm: World.VM) {
    cpu = vm.cpuSettings
    memory = vm.memorySettings
  }

  func settings(
    _ vm: World.VM, pool: Int, coreRate: Kilohertz, profile: HypervisorProfile
  ) -> VMSettings {
    VMSettings(
      cpu: cpu, memory: memory, quota: vm.quota, vcpus: vm.vcpus, configured: vm.memory,
      coreRate: coreRate, pool: pool, profile: profile)
  }
}

/// Lets a value cross to other threads where each touches only its own part of it.
struct Unchecked<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
