import BallastModel
import BallastUnits

extension MemoryRow {
  /// What the row claims of its host's memory.
  var claim: IdleMemoryTax.Claim {
    IdleMemoryTax.Claim(
      shares: weight, floor: floor, cap: cap, held: held, activeFraction: activeFraction)
  }

  /// What holds a target of this row where it is.
  func bound(of target: Int64) -> MemoryExplanation.Bound {
    if target >= cap { return limit < min(configured, touched) ? .limit : .size }
    return target <= floor ? .reservation : .price
  }
}

extension MemoryExplanation {
  /// What is known of a row before a policy has decided.
  init(_ row: MemoryRow, tax: IdleMemoryTax) {
    self.init(vm: row.vm)
    shares = row.weight
    held = row.held
    activeFraction = row.activeFraction
    activeFractionError = row.activeFractionError
    idleCost = tax.idleCost
    price = tax.sharesPerMebibyte(of: row.claim)
    floor = row.floor
    cap = row.cap
    heldBackBy = row.heldBackBy
  }

  /// What a balloon policy has decided: what the guest is to have (libvirt: balloon.current).
  ///
  /// - Parameters:
  ///   - floor: what it is to have at least, `cap` at most, bytes.
  ///   - reason: what holds it there between the two.
  mutating func take(
    _ row: MemoryRow, current: Int64, from floor: Int64, to cap: Int64, by reason: Bound,
    request: inout VMMemoryRequest
  ) {
    request.target = current
    request.balloon = row.configured - current
    target = current
    (self.floor, self.cap) = (floor, cap)
    if current >= cap {
      bound = row.limit < row.configured ? .limit : .size
    } else if current <= floor {
      bound = row.reservation >= floor ? .reservation : .minimum
    } else {
      bound = reason
    }
    if request.balloon != row.balloon {
      amounts = [Amount(technique: .balloon, bytes: request.balloon - row.balloon)]
    }
  }
}
