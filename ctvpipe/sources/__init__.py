"""Reading the world: shares, workbooks, exports, APIs."""
