"""How each component is: judged every half minute, kept in the journal, shown with its age."""
