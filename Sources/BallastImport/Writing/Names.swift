/// Gives machines names that a scenario may have, each only once.
///
/// Rule      a character that a scenario keeps out becomes "-"; points and spaces at the start and spaces at the
///           end go; beyond 180 characters a name is cut, which leaves room for a number. A second machine of a
///           name gets " (2)".
struct Names {
  private var taken: Set<String> = []

  /// A name as close to `wanted` as may be, and not given before.
  mutating func take(_ wanted: String) -> String {
    let base = allowedName(wanted)
    var name = base
    var number = 2
    while !taken.insert(name).inserted {
      name = "\(base) (\(number))"
      number += 1
    }
    return name
  }
}

/// Of a longer name so many characters are kept; a scenario allows 200.
let nameLengthKept = 180

func allowedName(_ wanted: String) -> String {
  var scalars = String.UnicodeScalarView()
  for scalar in wanted.unicodeScalars.prefix(nameLengthKept) {
    scalars.append(isAllowed(scalar) ? scalar : "-")
  }
  while let first = scalars.first, first == "." || first == " " { scalars.removeFirst() }
  while scalars.last == " " { scalars.removeLast() }
  return scalars.isEmpty ? "unnamed" : String(scalars)
}

/// As the scenario format has it, docs/SCENARIO.md#names.
private func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
  if "/:,*?\"\\".unicodeScalars.contains(scalar) { return false }
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
    return false
  case .spaceSeparator: return scalar == " "
  default: return true
  }
}
