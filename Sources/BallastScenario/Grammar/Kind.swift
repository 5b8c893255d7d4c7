/// What a key's value may be. The strict reader, the JSON Schema and the messages all follow it.
indirect enum Kind: Sendable {
  /// Checked elsewhere: the values of a sweep follow the key they are for.
  case anything
  /// Any text.
  case text
  /// A name that results and patterns use: see `nameFault`.
  case name
  /// A file, folder or archive; `$BALLAST_TRACES` is expanded.
  case path
  /// A name, an entry or a glob.
  case pattern
  case whole(ClosedRange<Int64>)
  /// A whole number of 64 bits without sign.
  case seed
  /// A bare decimal number, kept in thousandths.
  case number
  /// A clock in MHz as a bare number above zero, kept in kHz.
  case megahertz
  case boolean
  case quantity(Dimension)
  /// A quantity above zero, or `unlimited`.
  case limit(Dimension)
  case shares
  case words([Word])
  case catalog(Catalog)
  case metric
  case statistic
  case object(ObjectName)
  case list(Kind)
  case map(key: Kind, value: Kind)
  /// One of several, told apart by shape: scalar, map or list.
  case either([Kind])

  /// One of a fixed set of words.
  struct Word: Sendable {
    var text: String
    var summary: String
    /// What is missing, when the word is part of the format but has no model yet.
    var notYet: String?
    init(_ text: String, _ summary: String, notYet: String? = nil) {
      self.text = text
      self.summary = summary
      self.notYet = notYet
    }
  }

  /// Lists of names that belong to other modules.
  enum Catalog: Sendable { case profile, placement, memory, traceFormat, distribution }
}

/// One key of an object of the format.
struct Key: Sendable {
  var name: String
  var kind: Kind
  /// For a reader of the schema, the reference and hover texts.
  var summary: String
  var isRequired: Bool
  /// What holds without the key.
  var standard: String?
  /// What is missing, when the key is part of the format but has no model yet: "ballooning".
  var notYet: String?

  init(
    _ name: String, _ kind: Kind, _ summary: String, required: Bool = false,
    standard: String? = nil, notYet: String? = nil
  ) {
    self.name = name
    self.kind = kind
    self.summary = summary
    self.isRequired = required
    self.standard = standard
    self.notYet = notYet
  }
}

/// One kind of map of the format: its keys and the rules between them.
struct ObjectSpec: Sendable {
  enum Rule: Sendable {
    /// One of these keys must be there, and no other of them.
    case exactlyOne([String])
    /// Not two of these keys.
    case atMostOne([String])
    /// Beside the key, one of the others must be there.
    case needsOne(String, of: [String])
    /// The key makes sense only beside one of the others.
    case needs(String, anyOf: [String], instead: String? = nil)
    /// These are required unless the other is there.
    case required([String], unless: String)
  }
  /// What messages call one of them in a list: "the VM web".
  var noun: String?
  var summary: String
  var keys: [Key]
  var rules: [Rule] = []
  /// Other keys are allowed by the format but not modelled: what they are.
  var othersNotYet: String?

  func key(_ name: String) -> Key? { keys.first { $0.name == name } }

  /// What may be written; a key without a model is refused.
  var modelledNames: [String] { keys.filter { $0.notYet == nil }.map(\.name) }
}

extension Kind {
  /// "needs …" of a message.
  var needs: String {
    switch self {
    case .anything: return "a value"
    case .text: return "text"
    case .name: return "a name"
    case .path: return "a path"
    case .pattern: return "a name or pattern"
    case .whole(let range):
      return "a whole number from \(grouped(range.lowerBound)) to \(grouped(range.upperBound))"
    case .seed: return "a whole number from 0 to \(UInt64.max)"
    case .number: return "a number"
    case .megahertz: return "a number of MHz"
    case .boolean: return "true or false"
    case .quantity(let dimension): return "\(dimension.noun) such as \(dimension.example)"
    case .limit(let dimension):
      return "\(dimension.noun) such as \(dimension.example), or unlimited"
    case .shares: return "low, normal, high or a whole number from 1 to 1,000,000,000"
    case .words(let words): return listed(words.map(\.text))
    case .catalog(let catalog): return catalog.needs
    case .metric: return "the name of a metric"
    case .statistic: return "mean, min, max, sum, last or a percentile such as p95"
    case .object: return "a group of keys"
    case .list(let item): return "a list, each item \(item.needs)"
    case .map: return "a group of keys"
    case .either(let kinds): return kinds.map(\.needs).joined(separator: ", or ")
    }
  }

  /// A value that would do, for remedies.
  var example: String {
    switch self {
    case .anything, .text, .name: "NAME"
    case .path: "PATH"
    case .pattern: "web-*"
    case .whole(let range): "\(Swift.max(1, range.lowerBound))"
    case .seed: "1"
    case .number: "5"
    case .megahertz: "2600"
    case .boolean: "true"
    case .quantity(let dimension), .limit(let dimension): dimension.example
    case .shares: "normal"
    case .words(let words): words[0].text
    case .catalog: "NAME"
    case .metric: "cpu_used_mhz"
    case .statistic: "p95"
    case .object, .map: "{…}"
    case .list(let item): "[\(item.example)]"
    case .either(let kinds): kinds[0].example
    }
  }
}

extension Kind.Catalog {
  var needs: String {
    switch self {
    case .profile: "the name of a hypervisor profile"
    case .placement: "the name of a placement policy"
    case .memory: "the name of a memory policy"
    case .traceFormat: "the name of a trace format"
    case .distribution: "the name of a distribution"
    }
  }

  /// Names the format has, whether or not this version has a model for them.
  var reserved: [String] {
    switch self {
    case .profile: ["esxi", "kvm", "xen", "hyperv"]
    case .placement: ["first-fit", "best-fit", "worst-fit", "load-balance", "power-aware"]
    case .memory:
      [
        "none", "proportional-share", "mom", "mom-ovirt", "proxmox", "hyperv-dynamic-memory",
        "squeezed",
      ]
    case .traceFormat, .distribution: []
    }
  }

  var modelNoun: String {
    switch self {
    case .profile: "this hypervisor"
    case .placement, .memory: "this policy"
    case .traceFormat: "this trace format"
    case .distribution: "this distribution"
    }
  }
}
