"""FOCUS: charges in the form of the FinOps Open Cost and Usage Specification, version 1.2.

A row is a charge as statements add it up. Nothing is stored for it: rows follow from the sums of metering and dated
prices like all costs, a stretch at a time, so that a site's month is written without ever being held in memory. Why so,
and what was checked: docs/decisions/0055-focus-rows-are-calculated-while-they-are-sent.md.
"""
