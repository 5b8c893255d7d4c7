import BallastModel
import BallastUnits

/// A copy of a host or cluster in which one thing is changed and everything decided again: how levers are found.
///
/// Rule      of each change, what it brings at most; then, by bisection, the least of it that brings as much, rounded up to
///           a whole MHz or MiB where that brings as much. Shares that cannot bring the whole demand are doubled instead.
///           Reservations are raised, and the VM is moved, only as far as no other VM of the host thereby gets less than it
///           is promised; where one does already, that is not asked.
/// Promises  every lever named was decided: with that change and no other the VM gets the amount named.
/// Cost      a decision of the host, or a division and a decision of the cluster, per trial: about 40 for each lever, twice
///           as many for reservations.
/// Source    managers are values; docs/MODEL.md#why-a-vm-got-what-it-got.
struct Trial {
  let vm: VMIndex
  let resource: EntitlementExplanation.Resource
  let host: Int
  /// Nil: a host by itself, with the pools that it has.
  private(set) var cluster: ClusterManager?
  let managers: [ResourceManager]
  let seen: [HostObservation]
  private let workspace = DecisionWorkspace()
  private let clusterWorkspace = ClusterWorkspace()

  init(
    vm: VMIndex, resource: EntitlementExplanation.Resource, host: Int, cluster: ClusterManager?,
    managers: [ResourceManager], seen: [HostObservation]
  ) {
    self.vm = vm
    self.resource = resource
    self.host = host
    self.cluster = cluster
    // A change shows once the pools are divided anew: here at once.
    self.cluster?.rules.refresh = nil
    self.managers = managers
    self.seen = seen
  }

  /// The largest number of shares that a scenario may name.
  private static let sharesMax: Int64 = 1_000_000_000
  /// Shares beyond these are not advised, unless they are less than a hundred times the present ones.
  private static let usualSharesMax: Int64 = 1_000_000

  /// What would bring the VM more, the nearest to it first: its own settings, its pools from the inside, another host,
  /// more capacity.
  ///
  /// - Parameter granted: what it has. Where its pools are due to be divided, that alone may bring it more, which is no
  ///   change's merit.
  func levers(_ names: ExplanationNames, beyond granted: Int64) -> [EntitlementLever] {
    guard let settings = managers[host].settings(of: vm), let row = seen[host].row(of: vm) else {
      return []
    }
    let now = max(granted, amount { _ in })
    let size = resource == .cpu ? seen[host].cpuSize(row: row) : seen[host].memorySize(row: row)
    if now >= wanted(size: size) { return [] }
    let (limit, weight, reservation) =
      resource == .cpu
      ? (settings.cpuLimit, settings.cpuWeight, settings.cpuReservation)
      : (settings.memoryLimit, settings.memoryWeight, settings.memoryReservation)
    var levers: [EntitlementLever] = []
    func add(
      _ change: EntitlementLever.Change, _ subject: String, from: Int64, most: Int64,
      _ apply: @escaping (inout World, Int64) -> Void
    ) {
      let most =
        change == .raiseReservation ? mostKept(from: from, most: most, apply) : most
      if let lever = least(change, subject, from: from, most: most, now: now, apply) {
        levers.append(lever)
      }
    }
    let cpu = resource == .cpu
    let (vm, host) = (vm, host)
    add(.raiseLimit, names.vm, from: limit, most: size) { world, limit in
      world.change(vm, on: host) {
        if cpu { $0.cpuLimit = limit } else { $0.memoryLimit = limit }
      }
    }
    // In the scale of a scenario, where a number of shares may be each vCPU's.
    let each = cpu && names.weightScope == .vcpu ? max(1, seen[host].vcpus[row]) : 1
    if var lever = shares(
      .raiseShares, names.vm, from: weight / each, now: now,
      whole: min(limit, wanted(size: size)),
      { world, shares in
        world.change(vm, on: host) {
          if cpu { $0.cpuWeight = shares * each } else { $0.memoryWeight = shares }
        }
      })
    {
      if each > 1 { lever.vcpus = each }
      levers.append(lever)
    }
    add(.raiseReservation, names.vm, from: reservation, most: min(limit, size)) { world, amount in
      world.change(vm, on: host) {
        if cpu { $0.cpuReservation = amount } else { $0.memoryReservation = amount }
      }
    }
    if let cluster, cluster.dividesPools {
      levers += poolLevers(
        cluster, innermost: settings.pool, now: now, whole: min(limit, wanted(size: size)), names)

    }
    if let lever = move(now: now, names) { levers.append(lever) }
    let capacity = cpu ? seen[host].dividedCPU : seen[host].dividedMemory
    add(.addCapacity, names.host(host), from: capacity, most: 2 * capacity + everything) {
      world, capacity in
      if cpu {
        world.seen[host].cpuCapacity = Kilohertz(capacity)
      } else {
        world.seen[host].memoryCapacity = Bytes(capacity)
      }
    }
    return levers
  }

  // MARK: Levers

  private func poolLevers(
    _ cluster: ClusterManager, innermost: Int, now: Int64, whole: Int64, _ names: ExplanationNames
  ) -> [EntitlementLever] {
    var levers: [EntitlementLever] = []
    let cpu = resource == .cpu
    var pool = innermost
    while pool > 0 {
      let settings = cluster.tree.pools[pool]
      let name = names.pool(pool)
      let index = pool
      let limit = cpu ? settings.cpu.limit?.value : settings.memory.limit?.value
      if let limit,
        let lever = least(
          .raisePoolLimit, name, from: limit, most: everything, now: now,
          { world, limit in
            world.cluster?.configure(
              pool: index,
              cpu
                ? PoolChange(cpu: .init(limit: .amount(Kilohertz(limit))))
                : PoolChange(memory: .init(limit: .amount(Bytes(limit)))))
          })
      {
        levers.append(lever)
      }
      if let lever = shares(
        .raisePoolShares, name, from: cpu ? settings.cpuWeight : settings.memoryWeight, now: now,
        whole: whole,
        { world, shares in
          world.cluster?.configure(
            pool: index,
            cpu
              ? PoolChange(cpu: .init(shares: .number(shares)))
              : PoolChange(memory: .init(shares: .number(shares))))
        })
      {
        levers.append(lever)
      }
      let reserve: (inout World, Int64) -> Void = { world, amount in
        world.cluster?.configure(
          pool: index,
          cpu
            ? PoolChange(cpu: .init(reservation: Kilohertz(amount)))
            : PoolChange(memory: .init(reservation: Bytes(amount))))
      }
      let reservation = cluster.tree.reservation(pool, resource)
      let most = mostKept(from: reservation, most: min(everything, limit ?? .max), reserve)
      if let lever = least(
        .raisePoolReservation, name, from: reservation, most: most, now: now, reserve)
      {
        levers.append(lever)
      }
      pool = settings.parent
    }
    return levers
  }

  /// The host on which the VM would get most; ties to the earlier one.
  private func move(now: Int64, _ names: ExplanationNames) -> EntitlementLever? {
    guard cluster != nil else { return nil }
    var best: (host: Int, amount: Int64)?
    for target in managers.indices where target != host {
      let isBroken = isBroken(on: target) { _ in }
      let amount = amount(on: target) { $0.move(vm, from: host, to: target) }
      guard amount > best?.amount ?? now else { continue }
      if !isBroken && self.isBroken(on: target, after: { $0.move(vm, from: host, to: target) }) {
        continue
      }
      best = (target, amount)
    }
    return best.map {
      EntitlementLever(
        change: .move, subject: names.host($0.host), from: nil, to: nil, entitlement: $0.amount)
    }
  }

  /// The least change that brings as much as the largest one does.
  private func least(
    _ change: EntitlementLever.Change, _ subject: String, from: Int64, most: Int64, now: Int64,
    _ apply: (inout World, Int64) -> Void
  ) -> EntitlementLever? {
    guard from < most else { return nil }
    let best = amount { apply(&$0, most) }
    guard best > now else { return nil }
    var (low, high, entitlement) = (from, most, best)
    while high - low > 1 {
      let middle = low + (high - low) / 2
      let amount = amount { apply(&$0, middle) }
      if amount >= best { (high, entitlement) = (middle, amount) } else { low = middle }
    }
    let isAmount = change != .raiseShares && change != .raisePoolShares
    let unit = !isAmount ? 1 : resource == .cpu ? Int64(1_000) : 1 << 20
    let whole = (high - 1) / unit * unit + unit
    if whole != high, whole <= most {
      let amount = amount { apply(&$0, whole) }
      if amount >= best { (high, entitlement) = (whole, amount) }
    }
    return EntitlementLever(
      change: change, subject: subject, from: from, to: high, entitlement: entitlement)
  }

  /// How far a change may go that keeps all others' promises: `most` where that does, or they are not kept as it is.
  private func mostKept(
    from: Int64, most: Int64, _ apply: @escaping (inout World, Int64) -> Void
  ) -> Int64 {
    guard from < most, isBroken(after: { apply(&$0, most) }), !isBroken(after: { _ in }) else {
      return most
    }
    var (low, high) = (from, most)
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if isBroken(after: { apply(&$0, middle) }) { high = middle } else { low = middle }
    }
    return low
  }

  /// The least shares that bring the whole demand, or twice the present ones.
  private func shares(
    _ change: EntitlementLever.Change, _ subject: String, from: Int64, now: Int64, whole: Int64,
    _ apply: (inout World, Int64) -> Void
  ) -> EntitlementLever? {
    guard from > 0, from < Self.sharesMax else { return nil }
    let most = min(Self.sharesMax, max(Self.usualSharesMax, 100 * from))
    if let lever = least(change, subject, from: from, most: most, now: now, apply),
      lever.entitlement >= whole
    {
      return lever
    }
    let twice = min(2 * from, most)
    let amount = amount { apply(&$0, twice) }
    guard amount > now else { return nil }
    return EntitlementLever(
      change: change, subject: subject, from: from, to: twice, entitlement: amount)
  }

  // MARK: Deciding again

  /// What can be changed.
  struct World {
    var cluster: ClusterManager?
    var managers: [ResourceManager]
    var seen: [HostObservation]

    mutating func change(_ vm: VMIndex, on host: Int, _ edit: (inout VMSettings) -> Void) {
      guard var settings = managers[host].settings(of: vm) else { return }
      edit(&settings)
      managers[host].configure(vm, settings)
    }

    /// Its counters stay behind: they say nothing about the other host, and its demand is known.
    mutating func move(_ vm: VMIndex, from: Int, to: Int) {
      guard let position = managers[from].position(of: vm), let row = seen[from].row(of: vm) else {
        return
      }
      var arriving = seen[from][row]
      arriving.runTime = -1
      managers[to].adopt(vm, managers[from].row(position))
      managers[from].remove(vm)
      seen[from].remove(row: row)
      let rows = (0..<seen[to].count).map { seen[to][$0] } + [arriving]
      seen[to].removeRows()
      for row in rows.sorted(by: { $0.vm < $1.vm }) { seen[to].append(row) }
    }
  }

  /// What the VM is entitled to after a change.
  private func amount(on target: Int? = nil, after change: (inout World) -> Void) -> Int64 {
    decide(on: target ?? host, after: change).granted(vm, resource, workspace)
  }

  /// Whether another VM of the host gets less than it is promised after a change.
  private func isBroken(
    on target: Int? = nil, after change: (inout World) -> Void
  ) -> Bool {
    decide(on: target ?? host, after: change).breaksPromise(beside: vm, resource, workspace)
  }

  private func decide(on target: Int, after change: (inout World) -> Void) -> ResourceManager {
    var world = World(cluster: cluster, managers: managers, seen: seen)
    // What the VM wants is noted first: a change of size or clock must not change it.
    world.managers[host].entitle(seen[host], workspace)
    change(&world)
    if world.cluster?.dividesPools == true {
      world.managers.withUnsafeMutableBufferPointer {
        world.cluster?.divide(world.seen, among: $0, workspace: clusterWorkspace)
      }
    }
    world.managers[target].entitle(world.seen[target], workspace)
    return world.managers[target]
  }

  /// What limits of pools can be raised to with an effect.
  private var everything: Int64 {
    seen.reduce(0) { $0 + (resource == .cpu ? $1.dividedCPU : $1.dividedMemory) }
  }

  private func wanted(size: Int64) -> Int64 {
    var copy = managers[host]
    copy.entitle(seen[host], workspace)
    let position = copy.position(of: vm)!
    return min(size, copy.explained(position, resource, size: size, name: "").demand)
  }
}
