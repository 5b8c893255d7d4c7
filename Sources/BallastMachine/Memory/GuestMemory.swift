import BallastUnits

/// Where a guest's memory is. Until reclaim is modelled: mapped (backed by the host) or never touched.
struct GuestMemory: BitwiseCopyable {
  /// In active use, bytes.
  var active: Int64 = 0
  /// Backed by host memory, bytes. Only grows while the VM is on: a hypervisor keeps what a guest has once touched.
  var mapped: Int64 = 0
}

/// A guest's two memory curves. Most are constant, and a constant needs no state.
enum MemoryCurves {
  case constant(active: Int64, touched: Int64)
  case moving(MovingMemory)

  init(_ workload: GuestWorkload) {
    let (active, touched) = (workload.memoryActive, workload.memoryTouched)
    if let active = active.constantValue, let touched = touched.constantValue {
      self = .constant(active: active, touched: touched)
    } else {
      self = .moving(MovingMemory(active: active, touched: touched))
    }
  }
}

final class MovingMemory {
  var active: DemandSource
  var touched: DemandSource
  init(active: DemandSource, touched: DemandSource) {
    self.active = active
    self.touched = touched
  }
}

extension Guest {
  /// Takes the memory curves to `time` and returns the growth of mapped memory and when they change next.
  mutating func advanceMemory(to time: Int64) -> (growth: Int64, nextChange: Int64) {
    var next = Int64.max
    let touched: Int64
    switch memoryCurves {
    case .constant(let active, let touchedFraction):
      memory.active = fraction(active)
      touched = fraction(touchedFraction)
    case .moving(let curves):
      curves.active.advance(to: SimTime(time))
      curves.touched.advance(to: SimTime(time))
      memory.active = bytes(of: curves.active)
      touched = bytes(of: curves.touched)
      next = min(curves.active.nextChange, curves.touched.nextChange)
    }
    let growth = max(0, max(touched, memory.active) - memory.mapped)
    memory.mapped += growth
    return (growth, next)
  }

  private func bytes(of source: DemandSource) -> Int64 {
    switch source.unit {
    case .kibibytes: min(source.value << 10, configured)
    case .partsPerMillion: fraction(source.value)
    case .kilohertz: preconditionFailure("memory is not measured in kHz")
    }
  }

  private func fraction(_ partsPerMillion: Int64) -> Int64 {
    PartsPerMillion(partsPerMillion).of(Bytes(configured)).value
  }
}
