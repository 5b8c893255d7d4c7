import BallastModel
import BallastUnits

/// One host of a machine as a backend: what the manager meets instead of a KVM host.
public struct SimulatedHost: HypervisorBackend {
  private let machine: Machine
  private let host: HostIndex
  private var lastObservation: UInt64 = 0

  public init(_ machine: Machine, _ host: HostIndex) {
    self.machine = machine
    self.host = host
  }

  /// Counters since the last observation, at the instant the host has been advanced to.
  public mutating func observe(into seen: inout HostObservation) throws(BackendError) {
    machine.hosts[host.int].observe(into: &seen, guests: machine.guests)
    lastObservation += 1
    seen.sequence = lastObservation
  }

  public mutating func apply(_ plan: HostPlan) throws(BackendError) -> [ActuationFailure] {
    guard plan.observation > 0, plan.observation <= lastObservation else {
      throw .planOfUnknownObservation(plan.observation)
    }
    let state = machine.hosts + host.int
    return state.pointee.apply(plan, guests: machine.guests)
  }
}

extension FluidHost {
  /// Takes the plan's settings. Nothing happens to the rates where nothing differs.
  mutating func apply(
    _ plan: HostPlan, guests: Guests
  ) -> [ActuationFailure] {
    var failures: [ActuationFailure] = []
    var changed = false
    var slot = 0
    for row in plan.vms.indices {
      let vm = Int64(plan.vms[row].value)
      while slot < table.count && table.vm[slot] < vm { slot += 1 }
      guard slot < table.count && table.vm[slot] == vm else {
        failures.append(
          ActuationFailure(vm: plan.vms[row], setting: "cpu", reason: .noSuchVM))
        continue
      }
      let cap = min(table.size[slot], plan.cpuLimit[row])
      if table.cap[slot] != cap || table.reservation[slot] != plan.cpuReservation[row]
        || table.weight[slot] != plan.cpuWeight[row]
      {
        if !changed { closeSegment(at: now, guests: guests) }
        changed = true
        table.cap[slot] = cap
        table.reservation[slot] = plan.cpuReservation[row]
        table.weight[slot] = plan.cpuWeight[row]
      }
    }
    if applyPools(of: plan, failures: failures) && !changed {
      closeSegment(at: now, guests: guests)
      changed = true
    }
    if changed { settingsChanged(at: now) }
    applyMemory(plan, guests: guests)
    return failures
  }

  /// A plan with pools must name every VM here; one that does not keeps the last pools. Returns whether any number
  /// changed.
  private mutating func applyPools(of plan: HostPlan, failures: [ActuationFailure]) -> Bool {
    if plan.pools.isEmpty {
      defer { pools = nil }
      return pools != nil
    }
    guard plan.vms.count - failures.count == table.count else { return false }
    if !failures.isEmpty {
      var rest = plan
      for failure in failures { rest.remove(row: rest.vms.firstIndex(of: failure.vm)!) }
      return applyPools(of: rest, failures: [])
    }
    if let pools, pools.hasTree(of: plan) {
      return pools.update(plan)
    }
    pools = HostPools(plan)
    return true
  }
}
