import BallastModel
import BallastUnits

/// Decides for one cluster which VMs may start, where they run, and where they go: admission, placement, rules,
/// failover, balancing and maintenance over one inventory.
///
/// A value: copy it to try a what-if. VMs and hosts are positions in the cluster, in byte-wise order of names.
///
/// Rule      power-on: settings, failover capacity, pools, then one host with room; the first that says no is the
///           answer. Restart after a failure: pools and hosts by reservation, failover capacity is used up by it.
///           A host must be able to back the VM's memory whatever admission says (`ClusterInventory.Host.canBack`).
/// Promises  a VM that runs is never stopped · what is refused changes nothing · a must rule is never broken.
/// Source    vSphere availability and resource management guides; docs/MODEL.md#admission.
public struct ClusterDirector: Sendable {
  /// What an administrator has chosen.
  public struct Policies: Sendable {
    public var admission: any AdmissionPolicy
    public var placement: any PlacementPolicy
    public var failover: FailoverPolicy
    /// Nil: VMs stay where they are.
    public var balancing: (any BalancingPolicy)?
    public init(
      admission: any AdmissionPolicy, placement: any PlacementPolicy, failover: FailoverPolicy,
      balancing: (any BalancingPolicy)?
    ) {
      self.admission = admission
      self.placement = placement
      self.failover = failover
      self.balancing = balancing
    }
  }

  /// What a host is beside its row in the inventory.
  public struct HostFacts: Sendable {
    public var name: String
    public var cores: Int64
    /// Physical memory.
    public var memory: Bytes
    public init(name: String, cores: Int64, memory: Bytes) {
      self.name = name
      self.cores = cores
      self.memory = memory
    }
  }

  public internal(set) var inventory: ClusterInventory
  public internal(set) var pools: AdmissionControl
  var policies: Policies
  let hosts: [HostFacts]
  /// Pool of each VM.
  let poolOfVM: [Int]
  /// What the VMs count for in failover planning; nil: to be counted anew.
  var tally: FailoverTally?

  public init(
    inventory: ClusterInventory, hosts: [HostFacts], tree: PoolTree, poolOfVM: [Int],
    policies: Policies
  ) {
    self.inventory = inventory
    self.hosts = hosts
    self.poolOfVM = poolOfVM
    self.policies = policies
    pools = AdmissionControl(
      tree: tree, capacity: .zero, everyPoolMayBorrow: !policies.admission.checksReservations)
    updateCapacity()
  }

  // MARK: Power

  /// The answer to a request to power a VM on, to restart it or to move it.
  public struct Answer: Sendable {
    /// Position of the host; nil when refused.
    public var host: Int?
    public var refusal: Refusal?
    /// The search, where there was one.
    public var placement: PlacementDecision?
    /// Hosts that leave standby for it.
    public var wakes: [Int] = []
  }

  /// Powers a VM on, at `host` if that is given.
  ///
  /// - Parameter others: VMs that are powered on at the same time. Those that must be together with this one are placed
  ///   with it: where all fit if some host takes all, else each by itself. Only this one is booked.
  public mutating func powerOn(_ vm: Int, on host: Int? = nil, with others: [Int] = []) -> Answer {
    if let refusal = refusal(toAdmit: vm, isRestart: false) { return Answer(refusal: refusal) }
    var answer: Answer
    if let host {
      answer = find([vm], on: host, isRestart: false)
      if answer.host == nil, let woken = wake(for: [vm], on: host, isRestart: false) {
        answer = woken
      }
    } else {
      answer = find(vm, with: others, isRestart: false) { director, unit in
        director.find(unit, on: nil, isRestart: false)
      }
    }
    if let found = answer.host { book(vm, on: found) }
    return answer
  }

  /// Starts a VM again whose host has failed, also on hosts kept for failures. Where reservations are checked, by them only;
  /// else a host with room for the VM's charge comes before one without.
  ///
  /// - Parameter others: VMs that wait to start again, too; as at a power-on.
  public mutating func restart(_ vm: Int, with others: [Int] = []) -> Answer {
    // What was kept for failures is there to be used now.
    pools.setCapacity(capacityOffered)
    defer { updateCapacity() }
    if let refusal = refusal(toAdmit: vm, isRestart: true) { return Answer(refusal: refusal) }
    var answer = find(vm, with: others, isRestart: true, mustFit: true) { director, unit in
      director.findForRestart(unit)
    }
    if answer.host == nil, !policies.admission.checksReservations {
      // Nobody is refused for what is reserved.
      answer = find(vm, with: others, isRestart: true) { director, unit in
        director.find(unit, on: nil, isRestart: true)
      }
    }
    if let found = answer.host { book(vm, on: found, isRestart: true) }
    return answer
  }

  /// In which order VMs start again, of those that wait.
  public func restartOrder(_ waiting: [(vm: Int, priority: RestartPriority)]) -> [Int] {
    RestartPlanner().restartOrder(
      waiting.map { RestartVM(vm: VMIndex($0.vm), priority: $0.priority, charge: charge($0.vm)) }
    ).map(\.vm.int)
  }

  public mutating func powerOff(_ vm: Int) {
    inventory.remove(vm)
    // Started again it is another guest.
    inventory.change(vm) { $0.observedMemoryLeast = nil }
    pools.release(VMIndex(vm))
    tally = nil
  }

  /// Takes new settings of a VM. A VM that is on keeps its old ones when they are refused.
  public mutating func configure(_ vm: Int, _ settings: VMSettings, overhead: Bytes) -> Refusal? {
    let old = inventory.vms[vm]
    if let host = old.host, policies.admission.checksReservations {
      let charge = Charge(settings, overhead: overhead)
      if let refusal = settings.refusal(
        cpuSize: Kilohertz(old.vcpus * inventory.hosts[host].coreRate),
        memorySize: Bytes(old.memory))
      {
        return refusal
      }
      var room = room(host)
      room.book(self.charge(vm), sign: -1)
      let isMore = charge.cpu > self.charge(vm).cpu || charge.memory > self.charge(vm).memory
      if isMore, let refusal = AdmissionControl.hostFit(charge: charge, on: [room]) {
        return refusal
      }
      let counted = counted(vm, as: charge)
      if policies.failover != .none, let refusal = failoverStatus().allows(counted) {
        return refusal
      }
      if let refusal = pools.reconfigure(VMIndex(vm), charge: charge) { return refusal }
      tally = counted
    }
    inventory.change(vm) {
      $0.cpuReservation = settings.cpuReservation
      $0.cpuLimit = settings.cpuLimit
      $0.memoryReservation = settings.memoryReservation
      $0.memoryLimit = settings.memoryLimit
      $0.overhead = overhead.value
    }
    if old.host != nil, !policies.admission.checksReservations { tally = nil }
    return nil
  }

  /// Takes new settings of a pool, or says why not.
  public mutating func configure(
    pool: Int, cpu: ResourceSettings<Kilohertz>, memory: ResourceSettings<Bytes>
  ) -> Refusal? {
    guard policies.admission.checksReservations else {
      pools.accept(pool: pool, cpu: cpu, memory: memory)
      return nil
    }
    return pools.configure(pool: pool, cpu: cpu, memory: memory)
  }

  // MARK: Hosts

  /// Changes the state of a host; VMs that are booked there stay booked until they are moved or powered off.
  public mutating func setState(_ state: ClusterInventory.HostState, of host: Int) {
    inventory.setState(state, of: host)
    updateCapacity()
  }

  /// Whether the hosts back all that is promised; what is kept for failures backs it, too. Where admission does not check
  /// reservations, that is what pools reserve; VMs' reservations are then their hosts' matter alone.
  public var admissionState: AdmissionState { promises?.state ?? .green }

  /// What is promised and not backed.
  public var shortfalls: [AdmissionProblem] { promises?.problems ?? [] }

  /// What is reserved from each pool, by index in its tree: of its own VMs their charges, of its child pools their
  /// reservations and what they have borrowed. Nil where admission does not count that.
  public var reservedInPools: [Charge]? {
    policies.admission.checksReservations ? pools.paths.indices.map(pools.reserved) : nil
  }

  /// The pools with all capacity there is; nil where nothing can be short.
  private var promises: AdmissionControl? {
    guard pools.state != .green else { return nil }
    var all = pools
    all.setCapacity(capacityOffered)
    return all
  }

  /// What failures the cluster could survive now.
  public mutating func failoverStatus() -> FailoverStatus {
    FailoverPlanner(policy: policies.failover).status(hosts: failoverHosts, tally: counted())
  }

  // MARK: Moving

  /// Moves a running VM to another host, with those that must be together with it: all of them or none.
  ///
  /// - Returns: the VMs that are booked there now, or why none is.
  public mutating func move(_ vm: Int, to host: Int) -> (moved: [Int], refusal: Refusal?) {
    guard let source = inventory.vms[vm].host else { return ([], .notMovable(state: "off")) }
    if let refusal = refusalOfState(host) { return ([], refusal) }
    if let refusal = refusalOfKept(host) { return ([], refusal) }
    let unit = inventory.unit(of: vm, on: source)
    if inventory.rules.verdict(unit, on: host, from: source).breaksMust {
      return ([], .affinityRule(rule: "must", hosts: 1))
    }
    for (count, member) in unit.enumerated() {
      if let refusal = policies.admission.refusal(of: request(member), on: admissionHost(host))
        ?? refusalToBack([member], onAnyOf: [host])
      {
        for moved in unit.prefix(count) { inventory.move(moved, to: source) }
        return ([], refusal)
      }
      inventory.move(member, to: host)
    }
    return (unit, nil)
  }

  /// A VM that is booked elsewhere leaves this host when its migration ends; nil: it has left, or stays.
  public mutating func setLeaving(_ host: Int?, _ vm: Int) { inventory.setLeaving(host, vm) }

  /// Whether a booked VM may come now: those that make room for it have left.
  public func mayArrive(_ vm: Int) -> Bool {
    guard let host = inventory.vms[vm].host else { return false }
    let row = inventory.hosts[host]
    let fits = row.cpuHeld <= row.cpuCapacity && row.memoryHeld <= row.memoryCapacity
    return (fits || !policies.admission.checksReservations) && row.backsItsVMs
      && inventory.rules.isClear(host, for: vm)
  }

  /// Whether a booked VM could come once all that leave its host have left.
  public func mayEverArrive(_ vm: Int) -> Bool {
    guard let host = inventory.vms[vm].host else { return false }
    let row = inventory.hosts[host]
    let fits =
      row.use.cpuReserved <= row.cpuCapacity && row.use.memoryReserved <= row.memoryCapacity
    return (fits || !policies.admission.checksReservations) && row.canBackItsVMs
      && !inventory.rules.verdict(vm, on: host, from: host).breaksMust
  }

  /// Takes a VM back to where it runs: its migration was given up.
  public mutating func stay(_ vm: Int, on host: Int) {
    inventory.setLeaving(nil, vm)
    inventory.move(vm, to: host)
  }

  /// Whether a VM that is on its way may as well stay where it runs: no must rule is against it.
  public func mayStay(_ vm: Int, on host: Int) -> Bool {
    inventory.rules.unit(of: vm).count == 1 && !inventory.rules.verdict(vm, on: host).breaksMust
  }

  /// What was observed of a VM that runs.
  public mutating func note(_ vm: Int, cpuDemand: Int64?, memoryDemand: Int64?) {
    inventory.note(vm, cpuDemand: cpuDemand, memoryDemand: memoryDemand)
  }

  /// What a VM that runs can be brought down to, by what its host saw; nil: nobody knows.
  public mutating func note(_ vm: Int, memoryLeast: Int64?) {
    guard inventory.vms[vm].observedMemoryLeast != memoryLeast else { return }
    inventory.change(vm) { $0.observedMemoryLeast = memoryLeast }
  }

  /// Time between two decisions of the balancing policy; nil where there is none.
  public var balancingInterval: SimDuration? { policies.balancing?.interval }

  /// Decides which VMs move and which hosts sleep or wake, and books it.
  public mutating func balance(at time: SimTime) -> BalancingOutcome? {
    guard let outcome = policies.balancing?.balance(&inventory, at: time) else { return nil }
    updateCapacity()
    return outcome
  }

  /// Whether policies may move a VM: not while a migration of it is under way.
  public mutating func setMovable(_ isMovable: Bool, _ vm: Int) {
    inventory.change(vm) { $0.isMovable = isMovable }
  }

  /// Begins maintenance of a host: nothing comes any more, and what can move does.
  public mutating func evacuate(_ host: Int) -> Evacuation {
    setState(.maintenance, of: host)
    return Evacuation(of: host, in: &inventory, by: policies.placement)
  }
}
