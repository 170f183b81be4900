"""What a document says: pure functions over text and plain values; knows no Django and no Azure SDK."""
