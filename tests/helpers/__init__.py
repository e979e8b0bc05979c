"""What several tests share: how a page is read and played, an invented parcel's facts, the journey."""
