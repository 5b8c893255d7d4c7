import BallastUnits

/// What the VMs of a cluster have asked for: the mean of the last five minutes and the most of the last hour.
///
/// Rule      time is cut into slots of 5 min from t = 0. Expected demand is the mean of the samples of the newest slot;
///           worst demand is the largest sample of the newest twelve.
/// Rounding  the mean down to 1 kHz or 1 byte.
/// Cost      O(1) per VM and sample; 15 integers per VM and resource.
struct DemandHistory: Sendable {
  static let slot = SimDuration.seconds(300)
  static let slots = 12

  private struct Row: Sendable {
    var newest: Int64 = -1
    var sum: Int64 = 0
    var count: Int64 = 0
  }
  private var rows: [Row] = []
  private var most: [Int64] = []
  private var lastSample: [SimTime] = []

  /// Notes a sample of every row; nil is no sample. A second sample of one instant is dropped.
  mutating func note(count: Int, at time: SimTime, _ sample: (Int) -> Int64?) {
    while rows.count < count {
      rows.append(Row())
      lastSample.append(SimTime(-1))
      most.append(contentsOf: repeatElement(0, count: Self.slots))
    }
    let slot = max(0, time.value) / Self.slot.value
    for row in 0..<count {
      guard let value = sample(row), lastSample[row] < time else { continue }
      lastSample[row] = time
      let base = row * Self.slots
      if rows[row].newest != slot {
        let gone = min(Int64(Self.slots), slot - rows[row].newest)
        for back in 0..<gone { most[base + Int((slot - back) % Int64(Self.slots))] = 0 }
        rows[row] = Row(newest: slot)
      }
      rows[row].sum += value
      rows[row].count += 1
      let at = base + Int(slot % Int64(Self.slots))
      most[at] = max(most[at], value)
    }
  }

  /// Nil before the first sample.
  func expected(_ row: Int) -> Int64? {
    guard row < rows.count, rows[row].count > 0 else { return nil }
    return rows[row].sum / rows[row].count
  }

  func worst(_ row: Int) -> Int64? {
    guard row < rows.count, rows[row].count > 0 else { return nil }
    return most[(row * Self.slots)..<((row + 1) * Self.slots)].max()
  }
}
