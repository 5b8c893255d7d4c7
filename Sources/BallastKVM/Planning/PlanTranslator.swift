import BallastModel
import BallastUnits

/// Turns a plan into writes to a KVM host. It says what the plan wants; what of it is safe to do now is another's business.
///
/// Rule      weight by `WeightScale` · limit = quota of the whole domain, limit / clock × period, at least a tenth of a CPU,
///           unlimited from the domain's size on · balloon target = configured − balloon · memory reservation =
///           memory.min · the scanner's settings as asked.
/// Promises  only what differs from the snapshot, so translating again after the writes gives none · never a memory hard
///           limit · a domain that is not shown, not answering or in transition gets nothing · nothing traps, whatever
///           plan and snapshot say.
/// Order     reports, protections, memory upward, weights, quotas, memory downward, page merging.
/// Rounding  quota to the nearest 1 µs; balloon target up to 1 KiB, the unit of libvirt.
/// Cost      O(rows × log domains).
public struct PlanTranslator: Sendable {
  public var managed: ManagedNames
  /// Seconds between reports, asked of guests with a balloon that send none; nil leaves them silent. Without reports nobody
  /// knows what a guest can spare.
  public var statisticsPeriod: Int64?

  /// VMs from which the memory policy takes what exceeds their limit.
  public var limitsKept: Set<VMIndex> = []

  public init(_ managed: ManagedNames, statisticsPeriod: Int64? = nil) {
    self.managed = managed
    self.statisticsPeriod = statisticsPeriod
  }

  public func translate(_ plan: HostPlan, on snapshot: HostSnapshot) -> Translation {
    var result = Translation()
    var stages = Stages()
    let shares = FlatShares.shares(
      plan.cpuWeight, pool: plan.pool, parents: plan.pools.map(\.parent),
      poolWeights: plan.pools.map(\.weight))
    let scale = WeightScale(
      snapshot.host.cgroups, shares: shares, unitsPerShare: FlatShares.unitsPerShare,
      isExclusive: isExclusive(plan, snapshot))
    notePools(plan, &result)
    let total = shares.reduce(0, +)
    let rooms = CPURoom.rooms(of: plan, shares: shares, managed: managed, on: snapshot)
    for row in plan.vms.indices where row < shares.count {
      guard let name = managed[plan.vms[row]], let domain = snapshot[name: name],
        domain.state.isActive
      else {
        result.gone.append(plan.vms[row])
        continue
      }
      guard domain.answered, !domain.isInTransition else { continue }
      let target = DomainTarget(
        vm: plan.vms[row], domain: domain, host: snapshot.host, plan: plan, row: row)
      target.askForReports(statisticsPeriod, &stages)
      target.weigh(shares[row], of: total, in: rooms[row], scale, &stages, &result.notes)
      target.limit(&stages, &result.notes)
      target.protect(&stages, &result.notes)
      target.balloon(
        isLimitKept: limitsKept.contains(plan.vms[row]), &stages, &result.notes)
    }
    mergePages(plan.hostMemory, snapshot.host, &stages, &result.notes)
    result.writes = stages.inOrder
    return result
  }

  /// Nobody else's domains share the group of the plan's.
  private func isExclusive(_ plan: HostPlan, _ snapshot: HostSnapshot) -> Bool {
    var isPlanned = Array(repeating: false, count: managed.count)
    for vm in plan.vms where isPlanned.indices.contains(vm.int) { isPlanned[vm.int] = true }
    return snapshot.domains.allSatisfy { domain in
      !domain.state.isActive || managed.index(of: domain.name).map { isPlanned[$0.int] } ?? false
    }
  }

  private func notePools(_ plan: HostPlan, _ result: inout Translation) {
    guard !plan.pools.isEmpty else { return }
    result.notes.append(
      .init(
        vm: nil, subject: .pools,
        text: "libvirt keeps all domains in one group: weights are the pools' divided down the "
          + "tree, which is exact while every VM wants CPU; limits of pools are not kept"))
  }

  private func mergePages(
    _ asked: HostMemoryRequest, _ host: HostCounters, _ stages: inout Stages,
    _ notes: inout [Translation.Note]
  ) {
    guard asked.ksmRun >= 0 || asked.ksmPagesToScan >= 0 || asked.ksmSleepMilliseconds >= 0
    else { return }
    guard let ksm = host.ksm else {
      notes.append(
        .init(
          vm: nil, subject: .ksm,
          text: "this kernel merges no pages (no /sys/kernel/mm/ksm): the plan's settings are left")
      )
      return
    }
    func set(_ field: HostWrite.Field, _ before: Int64, _ wanted: Int64, _ unit: String) {
      guard wanted >= 0, wanted != before else { return }
      stages.merging.append(
        HostWrite(
          target: .host, field: field, before: before, wanted: wanted,
          reason: "the memory policy asks for \(wanted)\(unit) instead of \(before)"))
    }
    set(.ksmPagesToScan, ksm.pagesToScan, asked.ksmPagesToScan, " pages a round")
    set(.ksmSleepMilliseconds, ksm.sleepMilliseconds, asked.ksmSleepMilliseconds, " ms of sleep")
    set(.ksmRun, ksm.run, asked.ksmRun, "")
  }
}

extension DomainState {
  /// It has a process whose knobs can be turned.
  public var isActive: Bool { self == .running || self == .paused || self == .suspended }
}

/// Writes by what has to come first: what gives memory back before what takes it, and merging last.
struct Stages {
  var reports: [HostWrite] = []
  var protections: [HostWrite] = []
  var upward: [HostWrite] = []
  var weights: [HostWrite] = []
  var quotas: [HostWrite] = []
  var downward: [HostWrite] = []
  var merging: [HostWrite] = []

  var inOrder: [HostWrite] {
    reports + protections + upward + weights + quotas + downward + merging
  }
}
