/// What is wrong with a name, if anything. Names become file names, cells of CSV files, parts of
/// pool paths and of patterns, so a few characters are kept out; letters of any language are fine.
func nameFault(_ name: String) -> ValueFault? {
  if name.isEmpty { return ValueFault(message: "the name is empty", remedy: "write one") }
  if name.unicodeScalars.count > 200 {
    return ValueFault(
      message: "the name \(shown(name)) has more than 200 characters", remedy: "shorten it")
  }
  if name.first == " " || name.last == " " || name.first == "." {
    return ValueFault(
      message: "the name \"\(shown(name))\" begins or ends with a space, or begins with a point",
      remedy: "remove it")
  }
  guard let bad = name.unicodeScalars.first(where: { !isAllowedInName($0) }) else { return nil }
  let code = String(bad.value, radix: 16, uppercase: true)
  let character =
    bad.properties.generalCategory == .control || bad.properties.generalCategory == .format
    ? "the invisible character U+\(String(repeating: "0", count: max(0, 4 - code.count)))\(code)"
    : "\"\(bad)\""
  return ValueFault(
    message: "the name \(shown(name)) contains \(character)",
    remedy: "use letters, digits, - _ and .")
}

func isAllowedInName(_ scalar: Unicode.Scalar) -> Bool {
  if "/:,*?\"\\".unicodeScalars.contains(scalar) { return false }
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
    return false
  case .spaceSeparator: return scalar == " "
  default: return true
  }
}

/// A file's stem as a name: characters a name may not have become hyphens.
func name(fromPath path: String) -> String {
  let file = path.split(separator: "/").last.map(String.init) ?? ""
  var stem = file[...]
  for ending in [".yaml", ".yml"] where stem.hasSuffix(ending) {
    stem = stem.dropLast(ending.count)
  }
  var name = ""
  for scalar in stem.unicodeScalars.prefix(200) {
    name.unicodeScalars.append(isAllowedInName(scalar) ? scalar : "-")
  }
  while name.first == "." || name.first == " " { name.removeFirst() }
  while name.last == " " { name.removeLast() }
  return name.isEmpty || name == "-" ? "scenario" : name
}
