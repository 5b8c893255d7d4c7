import BallastUnits

extension FluidHost {
  /// The conservation laws of CPU, after every change: what is handed out fits the host; nobody gets more than the
  /// demand that no limit holds back, nor less than min(reservation, demand) while the reservations fit.
  func checkConservation() {
    var floors: Int64 = 0
    var total: Int64 = 0
    for slot in 0..<table.count {
      total += delivered[slot]
      floors += min(table.reservation[slot], min(asked[slot], table.cap[slot]))
    }
    precondition(total <= dividedCPU, "\(spec.name) delivers \(total) of \(dividedCPU) kHz")
    for slot in 0..<table.count {
      let used = delivered[slot]
      precondition(used >= 0 && used <= table.unlimited[slot], "a VM gets more than it may")
      precondition(table.unlimited[slot] <= min(asked[slot], table.cap[slot]))
      precondition(table.demand[slot] <= table.size[slot], "a VM demands more than its size")
      if pools == nil && floors <= dividedCPU {
        precondition(
          used >= min(table.reservation[slot], table.unlimited[slot]),
          "a VM gets less than its reservation")
      }
    }
    precondition(memoryConsumed >= 0)
  }
}
