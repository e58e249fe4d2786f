package flex_test

const hookSecret = "a secret of thirty-two characters"
