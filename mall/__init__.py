"""The mall: items, the codes and stock behind them, and redemptions paid with points."""
