import BallastUnits

extension VMExplanation.Memory {
  /// What holds for its memory and what its host's policy does about it.
  func sentences(of name: String, granted: Int64?) -> [String] {
    let memory = AdmissionResource.memory
    var text: [String] = []
    let active = decimal(roundedRatio(vm.activeFraction.value, by: 1, over: 10), places: 3)
    let error = vm.activeFractionError.map {
      " ± \(decimal(Int64(($0 * 100_000).rounded()), places: 3))"
    }
    text.append(
      "\(name) holds \(memory.words(vm.held)), of which \(active)\(error ?? "") % count as active"
        + "\(error == nil ? "" : " (sampled; standard error)"). It has \(vm.shares) shares.")
    if let taxed {
      let kept = 1_000_000 - taxed.rate.value
      text.append(
        "Idle memory is taxed at \(decimal(roundedRatio(taxed.rate.value, by: 1, over: 10), places: 3)) %,"
          + " so an idle page costs \(decimal(roundedRatio(1_000_000, by: 1_000, over: kept), places: 3))"
          + " times an active one; between \(memory.words(taxed.floor)) and \(memory.words(taxed.cap)) it is"
          + " entitled to \(memory.words(granted ?? 0)).")
      text += taxed.sentences
    }
    guard policy != "none" else { return text }
    text.append(
      "Policy \(policy): the host"
        + (state.map { " is in state \($0.rawValue) with" } ?? " has")
        + " \(memory.words(free)) free; it acts below \(memory.words(wanted)).")
    if vm.target >= 0 {
      text.append(
        "Its target is \(memory.words(vm.target)), between \(memory.words(vm.floor)) and"
          + " \(memory.words(vm.cap)); what holds it there is \(vm.bound.words).")
    }
    for amount in vm.amounts where amount.bytes != 0 {
      text.append(
        amount.bytes > 0
          ? "By \(amount.technique.rawValue), \(memory.words(amount.bytes)) are to be reclaimed."
          : "The \(amount.technique.rawValue) gives back \(memory.words(-amount.bytes)).")
    }
    if vm.shortage > 0 {
      text.append("No technique could be asked for \(memory.words(vm.shortage)) above the target.")
    }
    if let held = vm.heldBackBy { text.append("Nothing is taken from it: \(held.words).") }
    return text
  }
}

extension MemoryExplanation.Bound {
  fileprivate var words: String {
    switch self {
    case .price: "its price (shares paid per page held)"
    case .reservation: "its reservation"
    case .limit: "its limit"
    case .size: "its size"
    case .poolLimit: "the memory limit of its pool, divided inside by price"
    case .poolReservation: "the memory reservation of its pool, divided inside by price"
    case .minimum: "its minimum"
    case .demand: "what its guest needs"
    case .part: "its part of what there is for all"
    case .pace: "the most that one decision changes"
    }
  }
}

extension MemoryExplanation.Guard {
  fileprivate var words: String {
    switch self {
    case .driverMissing: "the guest has no balloon driver"
    case .statisticsStale: "its statistics are too old"
    case .balloonStuck: "its balloon does not move"
    case .inTransition: "it is starting, stopping or moving"
    case .notShown: "the host does not show it"
    }
  }
}
