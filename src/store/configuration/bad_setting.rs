//! Why a setting of a store is not changed.

/// Reason why a setting is not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadSetting {
    /// No setting has this name.
    #[error("there is no setting of this name")]
    Unknown,
    /// This operation does not change it.
    #[error("the setting {0} is not changed in this way")]
    Fixed(&'static str),
    /// The value does not have the form of its values.
    #[error("the value of {key} must be {form}")]
    Value {
        /// The setting.
        key: &'static str,
        /// The form.
        form: &'static str,
    },
}
