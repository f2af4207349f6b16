"""What a draft looks for, one file each."""
