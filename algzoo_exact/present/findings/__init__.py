"""What a report is about, computed: nothing here is about words or files."""
