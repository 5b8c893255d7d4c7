import BallastUnits

/// Pages that VMs with one image have in common.
///
/// Rule      a VM with n common pages holds contents 1…n of its image, and the scanner knows each with probability
///           x = known / n, independently of the other VMs. So content i, held by the VMs with n ≥ i, is shared by
///           nobody with probability Π (1 − x), and waits alone in VM v with xᵥ · Π (1 − x) over the others.
/// Promises  where all is known: exactly the contents that two VMs hold are shared · one VM of an image shares nothing.
/// Rounding  probabilities in units of 2⁻²⁰, down; pages down.
/// Cost      O(VMs), and sorting again where what VMs hold has changed.
/// Limits    after an incomplete pass the known contents are the first ones in each VM, not independent ones; as the
///           scanner of Linux takes VM after VM, only one VM at a time is between the two.
struct CommonPages: Sendable {
  private static let one: Int64 = 1 << 20

  /// Rows with an image, by image, then most common pages first.
  private var order: [Int] = []
  /// For each of `order`: Π (1 − x) up to it, leaving out the VMs of which all is known, and how many these are.
  private var product: [Int64] = []
  private var complete: [Int] = []
  var isStale = true

  /// Returns the copies in use.
  mutating func settle(_ rows: inout [ScannedVM], sharersMax: Int64) -> Int64 {
    if isStale { sort(rows) }
    var copies: Int64 = 0
    var first = 0
    while first < order.count {
      let image = rows[order[first]].content.image
      var end = first + 1
      while end < order.count, rows[order[end]].content.image == image { end += 1 }
      copies += settle(&rows, first..<end, sharersMax: sharersMax)
      first = end
    }
    return copies
  }

  private mutating func sort(_ rows: [ScannedVM]) {
    order.removeAll(keepingCapacity: true)
    for row in rows.indices where rows[row].content.common > 0 { order.append(row) }
    order.sort { a, b in
      let (one, other) = (rows[a].content, rows[b].content)
      if one.image != other.image { return one.image < other.image }
      if one.common != other.common { return one.common > other.common }
      return a < b
    }
    while product.count < order.count {
      product.append(0)
      complete.append(0)
    }
    isStale = false
  }

  /// The part of a VM's common pages that the scanner does not know, 2⁻²⁰.
  private func unknown(_ row: ScannedVM) -> Int64 {
    let pages = row.classes[ScannedVM.common]
    return scaled(pages.sum - pages.known, by: Self.one, over: pages.sum)
  }

  /// The VMs of one image.
  private mutating func settle(
    _ rows: inout [ScannedVM], _ range: Range<Int>, sharersMax: Int64
  ) -> Int64 {
    var (factors, completeCount) = (Self.one, 0)
    for place in range {
      let unknown = unknown(rows[order[place]])
      if unknown == 0 {
        completeCount += 1
      } else {
        factors = scaled(factors, by: unknown, over: Self.one)
      }
      (product[place], complete[place]) = (factors, completeCount)
    }
    // From the VM with the fewest: contents that it is the last to hold, times the chance that nobody else knows them.
    var (distinct, lone, shared) = (Int64(0), Int64(0), Int64(0))
    var (unknownToAll, knownToOne) = (Int64(0), Int64(0))
    for place in range.reversed() {
      let row = order[place]
      let pages = rows[row].content.common
      let next = place + 1 < range.upperBound ? rows[order[place + 1]].content.common : 0
      let width = pages - next
      switch complete[place] {
      case 0:
        unknownToAll += width * product[place]
        distinct += width * (Self.one - product[place])
      case 1:
        knownToOne += width * product[place]
        distinct += width * Self.one
      default: distinct += width * Self.one
      }
      let unknown = unknown(rows[row])
      let alone =
        unknown == 0
        ? knownToOne : scaled(unknownToAll, by: Self.one - unknown, over: unknown)
      // Only the first complete VM can be alone: those after it share with it.
      let aloneHere = unknown == 0 && complete[place] > 1 ? 0 : alone
      lone += aloneHere
      let known = rows[row].known(ScannedVM.common)
      let sharedHere = max(0, known - (aloneHere + Self.one - 1) / Self.one)
      rows[row].result.savedCommon = sharedHere
      shared += sharedHere
    }
    let contents = min(shared / 2, max(1, (distinct - lone) / Self.one))
    let most = max(1, rows[order[range.lowerBound]].content.common)
    for place in range {
      let row = order[place]
      rows[row].partners = (
        stable: scaled(contents, by: Self.one, over: most), waiting: lone / most,
        shared: rows[row].result.savedCommon
      )
    }
    return giveOut(&rows, range, shared: shared, contents: contents, sharersMax: sharersMax)
  }

  /// Leaves each VM its part of the copies that back the shared pages.
  private func giveOut(
    _ rows: inout [ScannedVM], _ range: Range<Int>, shared: Int64, contents: Int64,
    sharersMax: Int64
  ) -> Int64 {
    let copies =
      contents == 0
      ? 0 : min(shared / 2, contents * sharedCopies(of: shared / contents, sharersMax: sharersMax))
    var parts = RunningParts(copies, of: shared)
    for place in range {
      let row = order[place]
      let sharedHere = contents == 0 ? 0 : rows[row].result.savedCommon
      rows[row].result.shared += sharedHere
      rows[row].result.savedCommon = sharedHere - parts.next(sharedHere)
    }
    return copies
  }
}
