import BallastUnits

/// What every guest's memory has, also where it is only counted; the rest is in `GuestReclaim`.
struct GuestMemory: BitwiseCopyable {
  /// In active use, bytes.
  var active: Int64 = 0
  /// Backed by host memory, bytes. Grows with what the guest touches; only reclaim takes from it: a hypervisor keeps what a
  /// guest has once touched.
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
  /// Takes the memory curves to `time` and returns the growth of mapped memory and when they change next. For hosts whose
  /// memory is only counted.
  mutating func advanceMemory(to time: Int64) -> (growth: Int64, nextChange: Int64) {
    let (touched, next) = advanceMemoryCurves(to: time)
    let growth = max(0, max(touched, memory.active) - memory.mapped)
    memory.mapped += growth
    return (growth, next)
  }

  /// Takes the memory curves to `time`: sets what is active, returns what is in use and when they change next.
  mutating func advanceMemoryCurves(to time: Int64) -> (touched: Int64, nextChange: Int64) {
    switch memoryCurves {
    case .constant(let active, let touched):
      memory.active = fraction(active)
      return (fraction(touched), .max)
    case .moving(let curves):
      curves.active.advance(to: SimTime(time))
      curves.touched.advance(to: SimTime(time))
      memory.active = bytes(of: curves.active)
      return (
        bytes(of: curves.touched), min(curves.active.nextChange, curves.touched.nextChange)
      )
    }
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
