"""Pure arithmetic on arrays: selection, scores, allocation, granularity, masks, schedules, FLOPs."""
