"""What every page shares: tags, paging, form rendering, navigation, help; knows no table of the portal."""
