"""The commercial log: from the traffic department's workbook to the sales database."""
