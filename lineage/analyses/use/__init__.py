"""Who uses a dataset, how, since when and when next."""
