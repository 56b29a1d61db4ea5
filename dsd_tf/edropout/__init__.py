"""Energy-based dropout and pruning (Salehinejad & Valaee 2020): whole units, searched for and removed."""
