/// What the safety rules ask of a domain.
extension DomainSnapshot {
  /// Sizes that can be reckoned with; anything else is no reading.
  var isPlausible: Bool {
    let sizes: ClosedRange<Int64> = 0...(1 << 56)
    return memoryMax > 0 && sizes.contains(memoryMax) && sizes.contains(memoryCurrent)
      && sizes.contains(guestUsable ?? 0) && (guestSwapOut ?? 0) >= 0
      && (guestMajorFaults ?? 0) >= 0
  }

  /// It runs, answers, and is on its way to nowhere else.
  var isSettled: Bool { state == .running && answered && !isInTransition }

  /// Why it is not settled.
  var unsettled: String {
    if !answered { return "its process does not answer" }
    if isInTransition { return "it is starting, stopping or migrating" }
    return "it is \(state.rawValue)"
  }

  /// Why its memory stays as it is; nil where it can be taken.
  var memoryFixed: String? {
    if !traits.hasBalloon { return "it has no balloon device" }
    if traits.usesHugePages { return "its memory is in huge pages" }
    if traits.locksMemory { return "its memory is locked" }
    if traits.hasPassthrough { return "a passed-through device pins its memory" }
    return nil
  }

  func balloon(_ wanted: Int64, _ reason: String) -> HostWrite {
    HostWrite(
      target: .domain(uuid: uuid, name: name), field: .balloonTarget, before: memoryCurrent,
      wanted: wanted, reason: reason)
  }
}
