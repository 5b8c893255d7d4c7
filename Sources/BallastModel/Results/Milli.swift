/// Result cells are integers of thousandths of the column's unit, rounded half away from zero, so that a percentile or
/// a verdict computed from a CSV file is the one Ballast computed. This value marks an empty cell: not modelled, or
/// not applicable. It is never zero in disguise.
public let emptyCell = Int64.min
