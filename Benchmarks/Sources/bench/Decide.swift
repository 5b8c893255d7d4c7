import BallastManager
import BallastModel
import BallastUnits
import CBound

/// One host's decision: VMs in a pool tree of depth 4, CPU and memory both contended, and the division of the pools over
/// the hosts of a cluster. Beside each other in one run: sorting as many Int64 keys. Each step sees other demands.
struct DecideBench {
  let vms: Int
  private static let steps = 16
  private static let rounds = 400

  func measure(runs: Int) {
    var decide = Double.infinity
    var divide = Double.infinity
    var sort = Double.infinity
    var allocations: (decide: UInt64, divide: UInt64) = (0, 0)
    for _ in 0..<runs {
      sort = min(sort, sortSeconds())
      let decided = decideSeconds()
      decide = min(decide, decided.seconds)
      let divided = divideSeconds(hosts: 10)
      divide = min(divide, divided.seconds)
      allocations = (decided.allocations, divided.allocations)
    }
    let perVM = 1e9 / Double(vms * Self.steps * Self.rounds)
    print(
      "decide \(vms) VMs, pools 4 deep: \(text(decide * perVM)) ns per VM,"
        + " sort \(text(sort * perVM)) ns, ratio \(text(decide / sort)),"
        + " allocations \(allocations.decide)")
    print(
      "divide \(vms) VMs on 10 hosts, pools 4 deep: \(text(divide * perVM)) ns per VM,"
        + " ratio \(text(divide / sort)), allocations \(allocations.divide)")
  }

  // MARK: The host

  /// Three pools in each, four deep: 3 + 9 + 27 + 81.
  private static func pools(depth: Int) -> [PoolSpec] {
    guard depth > 0 else { return [] }
    let place = SourcePlace(file: "bench", line: 1, column: 1)
    return (0..<3).map { index in
      PoolSpec(
        name: "p\(index)",
        cpu: .init(
          reservation: .megahertz(Int64(index) * 10), shares: index == 0 ? .high : .normal),
        memory: .init(reservation: .mebibytes(Int64(index) * 100)),
        pools: pools(depth: depth - 1), place: place)
    }
  }

  private func cluster(hosts: Int) -> (manager: ClusterManager, hosts: [ResourceManager]) {
    let manager = ClusterManager(pools: PoolTree(Self.pools(depth: 4), profile: .esxi))
    let poolCount = manager.tree.pools.count
    var managers = [ResourceManager](repeating: ResourceManager(), count: hosts)
    var x: UInt64 = 1
    for vm in 0..<vms {
      x = queue_step(x)
      let settings = VMSettings(
        cpuReservation: vm % 5 == 0 ? 200_000 : 0, cpuLimit: vm % 7 == 0 ? 1_500_000 : .max,
        cpuWeight: 1_000 * Int64(1 + vm % 4), memoryReservation: vm % 6 == 0 ? 1 << 30 : 0,
        memoryWeight: 40_960 * Int64(1 + vm % 3), pool: Int(x >> 33) % poolCount)
      managers[vm % hosts].add(VMIndex(vm), settings, at: .zero)
    }
    return (manager, managers)
  }

  private func observations(hosts: Int) -> [[HostObservation]] {
    var x: UInt64 = 7
    return (0..<Self.steps).map { step in
      var seen = [HostObservation](repeating: HostObservation(), count: hosts)
      for host in 0..<hosts {
        seen[host].sequence = UInt64(step)
        seen[host].time = .seconds(Int64(20 * (step + 1)))
        seen[host].interval = .seconds(20)
        seen[host].coreRate = .megahertz(2_000)
        seen[host].cpuCapacity = .megahertz(Int64(vms / hosts) * 1_000)
        seen[host].memoryCapacity = .mebibytes(Int64(vms / hosts) * 1_500)
      }
      for vm in 0..<vms {
        x = queue_step(x)
        let busy = Int64(x >> 30) % 40_000_000_000
        seen[vm % hosts].append(
          HostObservation.VMRow(
            vm: VMIndex(vm), vcpus: 2, runTime: busy / 2, readyTime: busy / 2,
            memoryConfigured: 4 << 30, memoryConsumed: Int64(x >> 20) % (4 << 30)))
      }
      return seen
    }
  }

  // MARK: Times

  /// Other keys every time: of keys it has sorted before, a processor knows the order.
  private func sortSeconds() -> Double {
    var x: UInt64 = 3
    var keys = [Int64](repeating: 0, count: vms)
    let start = process_cpu_seconds()
    for _ in 0..<Self.steps * Self.rounds {
      for index in keys.indices {
        x = queue_step(x)
        keys[index] = Int64(x >> 1)
      }
      keys.sort()
    }
    let seconds = process_cpu_seconds() - start
    precondition(keys.first! <= keys.last!)
    return seconds
  }

  private func decideSeconds() -> (seconds: Double, allocations: UInt64) {
    let one = self.cluster(hosts: 1)
    var cluster = one.manager
    var managers = one.hosts
    let observations = observations(hosts: 1).map { $0[0] }
    managers.withUnsafeMutableBufferPointer { cluster.divide([observations[0]], among: $0) }
    var manager = managers.removeLast()
    let workspace = DecisionWorkspace()
    var plan = HostPlan()
    var check: Int64 = 0
    for seen in observations { manager.decide(seen, into: &plan, workspace: workspace) }
    let before = allocation_count()
    let start = process_cpu_seconds()
    for _ in 0..<Self.rounds {
      for seen in observations {
        manager.decide(seen, into: &plan, workspace: workspace)
        check &+= plan.cpuEntitlement[0]
      }
    }
    let seconds = process_cpu_seconds() - start
    precondition(check >= 0)
    return (seconds, allocation_count() - before)
  }

  private func divideSeconds(hosts: Int) -> (seconds: Double, allocations: UInt64) {
    let all = self.cluster(hosts: hosts)
    var cluster = all.manager
    var managers = all.hosts
    let observations = observations(hosts: hosts)
    let workspace = ClusterWorkspace()
    return managers.withUnsafeMutableBufferPointer { managers in
      for seen in observations { cluster.divide(seen, among: managers, workspace: workspace) }
      let before = allocation_count()
      let start = process_cpu_seconds()
      for _ in 0..<Self.rounds {
        for seen in observations { cluster.divide(seen, among: managers, workspace: workspace) }
      }
      return (process_cpu_seconds() - start, allocation_count() - before)
    }
  }
}
