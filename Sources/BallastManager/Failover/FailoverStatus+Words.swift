import BallastModel
import BallastUnits

extension FailoverStatus {
  /// One sentence with the numbers that decide: for reports and `explain`.
  public var words: String {
    let cpu = AdmissionResource.cpu
    let memory = AdmissionResource.memory
    func both(_ charge: Charge) -> String {
      "\(cpu.words(charge.cpu)) and \(memory.words(charge.memory))"
    }
    let survives = "\(hostFailuresSurvived) of \(hosts.count) hosts may fail"
    let spared = hosts.filter(\.isSpared).map(\.name).joined(separator: ", ")
    switch policy {
    case .none:
      return "Nothing is kept for failures; by total capacity \(survives)."
    case .slots:
      guard let slots else { return "\(survives)." }
      let perHost = hosts.map { "\($0.name) \($0.slots ?? 0)" }.joined(separator: ", ")
      return
        "\(survives): a slot is \(both(slots.size)), the hosts hold \(slots.total) (\(perHost)); "
        + (spared.isEmpty ? "" : "without \(spared) ")
        + "left \(slots.left), used \(slots.used), available \(slots.available)."
    case .percentage:
      return "\(both(reserve)) of \(both(capacity)) are kept for failures; \(both(used)) are used, "
        + "so \(free(.cpu)) of CPU and \(free(.memory)) of memory are free, and \(survives)."
    case .dedicated:
      return "\(spared.isEmpty ? "No host" : spared) is kept free with \(both(reserve)); "
        + "\(both(used)) are used on the others, and \(survives)."
    }
  }
}
