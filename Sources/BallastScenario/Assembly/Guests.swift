import BallastModel
import BallastUnits

/// What the scenario says of a guest's pages and balloon.
extension Assembler {
  /// Classes that are written count as they are; the usual parts of the others share what is left of 100 %.
  mutating func readPages(_ vm: Value) -> PageContent {
    var content = PageContent()
    guard let value = vm["pages"] else { return content }
    let (zero, common, duplicate) = (
      value["zero"]?.fraction, value["common"]?.fraction, value["duplicate"]?.fraction
    )
    let written = [zero, common, duplicate].reduce(PartsPerMillion.zero) { $0 + ($1 ?? .zero) }
    if written > .one {
      let parts = [("zero", zero), ("common", common), ("duplicate", duplicate)]
        .compactMap { name, part in part.map { "\(name) \($0.words)" } }
      problems.add(
        value.place, "pages are \(listed(parts, "and")), \(written.words) together",
        "lower one of them; what is left of 100% is unique")
      return content
    }
    if let common, common > .zero, vm.entry("image") == nil, let entry = value.entry("common") {
      problems.add(
        entry.keyPlace,
        "common pages are those of VMs with the same image, and this VM has none to share",
        "add image: NAME, or remove common")
    }
    let usual = [
      zero == nil ? content.zero : .zero, common == nil ? content.common : .zero,
      duplicate == nil ? content.duplicate : .zero,
    ]
    let sum = usual.reduce(PartsPerMillion.zero, +)
    let left = PartsPerMillion.one - written
    let parts =
      sum <= left
      ? usual.map(\.value) : usual.map { scaled($0.value, by: left.value, over: sum.value) }
    content.zero = zero ?? PartsPerMillion(parts[0])
    content.common = common ?? PartsPerMillion(parts[1])
    content.duplicate = duplicate ?? PartsPerMillion(parts[2])
    return content
  }

  mutating func readBalloon(_ value: Value?) -> BalloonDriverSpec {
    let isPresent = value?["driver"]?.text != "missing"
    if !isPresent {
      for key in ["rate", "resists_beyond", "deflate_on_oom", "free_page_reporting"] {
        // A trait that is denied is one the guest does not have indeed.
        guard let entry = value?.entry(key), entry.value.flag != false else { continue }
        problems.add(
          entry.keyPlace, "\(key) has no meaning where the balloon driver is missing",
          "remove it, or write driver: present")
      }
    }
    return BalloonDriverSpec(
      isPresent: isPresent,
      rate: readRate(value, "rate", zero: "write driver: missing"),
      resistsBeyond: value?["resists_beyond"]?.fraction,
      deflatesOnOOM: value?["deflate_on_oom"]?.flag ?? false,
      reportsFreePages: value?["free_page_reporting"]?.flag ?? false)
  }
}
