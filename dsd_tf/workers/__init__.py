"""The processes of a run on several machines: who they are, how they meet, what they tell each other."""
